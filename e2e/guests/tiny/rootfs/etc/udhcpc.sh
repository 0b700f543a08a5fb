#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the DHCP client calls with the lease in the environment.
case $1 in
  deconfig)
    ifconfig "$interface" up
    ;;
  bound | renew)
    ifconfig "$interface" ${mtu:+mtu "$mtu"}
    ifconfig "$interface" "$ip" netmask "${subnet:-255.255.255.0}" ${broadcast:+broadcast "$broadcast"}
    for gateway in $router; do
      route add default gw "$gateway" dev "$interface" 2> /dev/null
      break
    done
    {
      for server in $dns; do
        echo "nameserver $server"
      done
      echo "${search:+search $search}"
    } > /etc/resolv.conf
    ;;
esac
