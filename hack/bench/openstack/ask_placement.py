# SPDX-License-Identifier: Apache-2.0
"""Asks the real Placement for allocation candidates and claims, in process and over SQLite.

Reads one case on stdin, {"folder", "hosts", "options", "query" or "claim", "repeats",
"timeoutSeconds"}, and writes {"ms": [...], "answers"} (CPU time) or {"unfinished": seconds}. No HTTP
server, database server or authentication is in between: that flatters Placement.
"""
import json
import os
import signal
import sys
import time
import uuid
import warnings

warnings.simplefilter("ignore")

import os_resource_classes
import os_traits
import sqlalchemy
import webob
from oslo_config import cfg
from placement import conf, db_api, deploy
from placement.db.sqlalchemy import models

HEADERS = {"x-auth-token": "admin", "openstack-api-version": "placement 1.39"}


def uuid_of(name):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def load(engine, hosts):
    """Writes the providers, given as trees of {name, inventories, used, traits, children}, into the tables."""
    classes, traits, providers, inventories, held = {}, {}, [], [], []
    consumers, allocations = [], []

    def numbered(book, name):
        return book.setdefault(name, len(book) + 1)

    for name in os_traits.get_traits():
        numbered(traits, name)
    # The standard classes have fixed numbers that begin at 0.
    for number, name in enumerate(os_resource_classes.STANDARDS):
        classes[name] = number

    def add(node, parent, root):
        number = len(providers) + 1
        providers.append(dict(id=number, uuid=uuid_of(node["name"]), name=node["name"], generation=0,
                              root_provider_id=root or number, parent_provider_id=parent))
        for name, inventory in node["inventories"].items():
            if name not in classes:
                classes[name] = 10000 + len(classes)
            inventories.append(dict(resource_provider_id=number, resource_class_id=classes[name],
                                    **inventory))
        for name, amount in node.get("used", {}).items():
            allocations.append(dict(resource_provider_id=number, consumer_id=uuid_of("of " + node["name"]),
                                    resource_class_id=classes[name], used=amount))
        if node.get("used"):
            consumers.append(dict(uuid=uuid_of("of " + node["name"]), generation=1, project_id=1,
                                  user_id=1, consumer_type_id=1))
        for name in node.get("traits", []):
            held.append(dict(resource_provider_id=number, trait_id=numbered(traits, name)))
        for child in node.get("children", []):
            add(child, number, root or number)

    for host in hosts:
        add(host, None, None)
    models.BASE.metadata.create_all(engine)
    rows = [
        (models.ResourceClass, [dict(id=number, name=name) for name, number in classes.items()]),
        (models.Trait, [dict(id=number, name=name) for name, number in traits.items()]),
        (models.Project, [dict(id=1, external_id="p")]),
        (models.User, [dict(id=1, external_id="u")]),
        (models.ConsumerType, [dict(id=1, name="INSTANCE")]),
        (models.Consumer, consumers),
        (models.ResourceProvider, providers),
        (models.Inventory, inventories),
        (models.ResourceProviderTrait, held),
        (models.Allocation, allocations),
    ]
    with engine.begin() as connection:
        for model, values in rows:
            for start in range(0, len(values), 5000):
                if values[start:start + 5000]:
                    connection.execute(model.__table__.insert(), values[start:start + 5000])


def application(database, options):
    path = database + ".conf"
    groups = dict(options, api=dict(auth_strategy="noauth2"),
                  placement_database=dict(connection="sqlite:///" + database))
    with open(path, "w") as file:
        for group, values in groups.items():
            file.write("[%s]\n" % group)
            file.writelines("%s = %s\n" % pair for pair in values.items())
    config = cfg.ConfigOpts()
    conf.register_opts(config)
    config([], project="placement", default_config_files=[path])
    db_api.configure(config)
    return deploy.loadapp(config)


def ask(app, method, path, body=None):
    request = webob.Request.blank(path, method=method, headers=HEADERS)
    if body is not None:
        request.content_type = "application/json"
        request.body = json.dumps(body).encode()
    response = request.get_response(app)
    if response.status_int >= 300:
        raise RuntimeError("%s %s: %s" % (method, path, response.text))
    return response


def measure(app, case, repeats):
    times, answers = [], 0
    for _ in range(repeats):
        if "query" in case:
            arguments = ("GET", "/allocation_candidates?" + case["query"])
        else:
            path = "/allocations/" + str(uuid.uuid4())
            resources = {uuid_of(case["claim"]["host"]): {"resources": case["claim"]["resources"]}}
            arguments = ("PUT", path, dict(allocations=resources, consumer_generation=None,
                                           project_id="p", user_id="u", consumer_type="INSTANCE"))
        begin = time.process_time()
        response = ask(app, *arguments)
        times.append(1000 * (time.process_time() - begin))
        if response.body:
            answers = len(response.json["allocation_requests"])
    return dict(ms=times, answers=answers)


def main():
    case = json.load(sys.stdin)
    database = os.path.join(case["folder"], "placement.sqlite")
    load(sqlalchemy.create_engine("sqlite:///" + database), case["hosts"])
    app = application(database, case.get("options", {}))

    def give_up(_signal, _frame):
        # An exception would end as a response of Placement's own.
        print(json.dumps(dict(unfinished=case["timeoutSeconds"])), flush=True)
        os._exit(0)

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(case["timeoutSeconds"])
    measure(app, case, 1)
    print(json.dumps(measure(app, case, case["repeats"])))


main()
