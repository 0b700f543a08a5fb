#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# customize.sh: run as root inside the installed Debian, which it changes; leaves it as /shared/root.tar.
# Units that a test guest does not need are masked: each costs a part of a second without KVM.
set -euo pipefail
cp -r /shared/debian/rootfs/. /
chmod 440 /etc/sudoers.d/debian
chmod -R u=rwX,go=rX /etc/cloud /etc/systemd /etc/ssh/sshd_config.d
: > /etc/fstab
sed -i '/pam_motd\|pam_mail/s/^/#/' /etc/pam.d/sshd
rm -f /etc/cloud/cloud.cfg.d/*dpkg* /etc/ssh/ssh_host_*

systemctl -q enable systemd-networkd systemd-resolved kilonova-ready.service serial-getty@ttyS0.service
systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
  e2scrub_reap.service fstrim.timer systemd-journal-flush.service systemd-update-utmp.service \
  systemd-update-utmp-runlevel.service systemd-binfmt.service systemd-hwdb-update.service \
  systemd-pcrphase.service systemd-pcrphase-sysinit.service systemd-pcrmachine.service \
  systemd-tpm2-setup.service systemd-tpm2-setup-early.service getty@tty1.service \
  systemd-networkd-persistent-storage.service systemd-networkd-wait-online.service \
  sys-kernel-debug.mount sys-kernel-tracing.mount \
  dev-hugepages.mount dev-mqueue.mount modprobe@drm.service cloud-init-hotplugd.socket \
  ldconfig.service systemd-journal-catalog-update.service systemd-update-done.service \
  systemd-boot-random-seed.service systemd-rfkill.socket systemd-firstboot.service \
  systemd-sysext.socket
passwd -q -d root
usermod -p '*' root

# Byte code that is never checked again is fast, and the same in each build.
find /usr/lib/python3* -name test -prune -exec rm -rf {} +
find /usr/lib/python3* -name __pycache__ -prune -exec rm -rf {} +
python3 -m compileall -q -j0 --invalidation-mode unchecked-hash /usr/lib/python3* || true
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*.log /var/log/apt /var/cache/debconf/*-old \
  /var/lib/dpkg/*-old /usr/share/{doc,man,locale,info,lintian,bug}/* /boot/*
rm -f /etc/machine-id /var/lib/dbus/machine-id
: > /etc/machine-id
tar --create --file=/shared/root.tar --one-file-system --numeric-owner --exclude=./shared \
  --exclude=./proc/* --exclude=./sys/* --exclude=./dev/* --exclude=./tmp/* --exclude=./run/* \
  --exclude=./etc/resolv.conf --exclude=./etc/hosts --directory=/ .
