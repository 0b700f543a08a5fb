# SPDX-License-Identifier: Apache-2.0
"""Lets nova's own scheduler choose, with its default filters and weighers, among hosts in memory.

Reads {"hosts": count, "policy": server group policy or null, "repeats"} on stdin and writes
{"ms": [...]} (CPU time). Placement's answer, the claim and the loading of hosts cost nothing here: that flatters
nova.
"""
import json
import logging
import os
import sys
import time
import uuid
import warnings
from unittest import mock

warnings.simplefilter("ignore")
os.environ["OS_NOVA_DISABLE_EVENTLET_PATCHING"] = "true"

import nova.conf
from nova import context, objects
from nova.scheduler import host_manager, manager

logging.disable(logging.CRITICAL)
nova.conf.CONF([], project="nova", default_config_files=[])
objects.register_all()

TAKEN = dict(VCPU=2, MEMORY_MB=4096, DISK_GB=20)


def uuid_of(name):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def host(index):
    state = host_manager.HostState("host-%d" % index, "host-%d" % index, uuid_of("cell"))
    state.uuid = uuid_of("host-%d" % index)
    servers = index % 5
    state.total_usable_ram_mb, state.free_ram_mb = 262144, 262144 - 8192 * servers
    state.total_usable_disk_gb, state.free_disk_mb = 2000, (2000 - 40 * servers) * 1024
    state.vcpus_total, state.vcpus_used = 64, 4 * servers
    state.cpu_allocation_ratio, state.ram_allocation_ratio, state.disk_allocation_ratio = 4.0, 1.0, 1.0
    state.num_instances, state.num_io_ops, state.failed_builds = servers, index % 3, 0
    state.instances = {uuid_of("server-%d-%d" % (index, turn)): None for turn in range(servers)}
    state.hypervisor_type, state.hypervisor_version = "QEMU", 8002000
    state.hypervisor_hostname = state.host
    state.supported_instances = [["x86_64", "kvm", "hvm"], ["x86_64", "qemu", "hvm"]]
    state.stats, state.cpu_info = {}, "{}"
    state.metrics = objects.MonitorMetricList(objects=[])
    state.service = dict(disabled=False)
    state.pci_stats = state.numa_topology = None
    zone = "zone-%d" % (index % 3)
    state.aggregates = [objects.Aggregate(id=index % 3 + 1, name=zone,
                                          metadata=dict(availability_zone=zone))]
    return state


def request(policy, count):
    group = None
    if policy is not None:
        members = [uuid_of("server-%d-0" % index) for index in range(count) if index % 5 == 1]
        group = objects.InstanceGroup(id=1, uuid=uuid_of("group"), name="group", policy=policy,
                                      policies=[policy], members=members, hosts=[], _rules={})
    flavor = objects.Flavor(id=1, flavorid="1", name="m1.small", vcpus=2, memory_mb=4096, root_gb=20,
                            ephemeral_gb=0, swap=0, extra_specs={}, rxtx_factor=1.0, vcpu_weight=0,
                            disabled=False, is_public=True)
    image = objects.ImageMeta.from_dict(dict(id=uuid_of("image"), name="debian", status="active",
                                             properties=dict(hw_architecture="x86_64")))
    nothing = dict(numa_topology=None, requested_destination=None, requested_resources=[],
                   ignore_hosts=None, force_hosts=None, force_nodes=None, availability_zone=None,
                   retry=None, scheduler_hints={})
    return objects.RequestSpec(
        flavor=flavor, image=image, instance_group=group, project_id="p", user_id="u",
        instance_uuid=uuid_of("new"), num_instances=1, limits=objects.SchedulerLimits(),
        pci_requests=objects.InstancePCIRequests(requests=[]),
        security_groups=objects.SecurityGroupList(objects=[]), **nothing)


def scheduler():
    hosts = host_manager.HostManager
    with mock.patch.multiple(hosts, _init_aggregates=mock.DEFAULT, _init_instance_info=mock.DEFAULT,
                             refresh_cells_caches=mock.DEFAULT):
        host_book = hosts()
    for one in host_book.enabled_filters:
        if hasattr(one, "servicegroup_api"):
            one.servicegroup_api = mock.Mock(service_is_up=lambda _service: True)
    chooser = manager.SchedulerManager.__new__(manager.SchedulerManager)
    chooser.host_manager = host_book
    chooser.servicegroup_api = chooser.notifier = mock.Mock()
    return chooser


def main():
    case = json.load(sys.stdin)
    states = [host(index) for index in range(case["hosts"])]
    answers = {state.uuid: [dict(allocations={state.uuid: dict(resources=TAKEN)},
                                 mappings={"": [state.uuid]})] for state in states}
    chooser, who = scheduler(), context.RequestContext("u", "p", is_admin=True, overwrite=False)
    times = []
    for _ in range(case["repeats"] + 1):
        spec = request(case["policy"], case["hosts"])
        with mock.patch.object(chooser, "_get_all_host_states", return_value=iter(states)), \
                mock.patch.object(manager.utils, "claim_resources", return_value=True), \
                mock.patch.object(manager.SchedulerManager, "placement_client", new=mock.Mock()):
            begin = time.process_time()
            chosen = chooser._schedule(who, spec, [spec.instance_uuid], answers,
                                       {state.uuid: {} for state in states}, "1.36", True)
            times.append(1000 * (time.process_time() - begin))
        if len(chosen) != 1:
            raise RuntimeError("nova chose %d hosts" % len(chosen))
    print(json.dumps(dict(ms=times[1:])))


main()
