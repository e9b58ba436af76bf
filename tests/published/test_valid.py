"""What is published is valid to the tools of others, and can refuse what is wrong.
SPDX-License-Identifier: MIT
"""
import glob
import json
import os
import re
import shutil
import subprocess

import jsonschema
import openapi_spec_validator
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONTRACT = os.path.join(ROOT, "generated", "contract")
DOCS = os.path.join(ROOT, "web", "docs")
HERE = os.path.dirname(os.path.abspath(__file__))
SCHEMAS = sorted(os.path.basename(p) for p in glob.glob(f"{CONTRACT}/*.schema.json"))


def read(name):
    with open(os.path.join(CONTRACT, name), encoding="utf-8") as f:
        return json.load(f)


def validator(schema):
    return jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def node(*args):
    done = subprocess.run(["node", *args], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_are_schemas():
    assert len(SCHEMAS) > 40
    assert "ChatDto.schema.json" in SCHEMAS


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_takes_its_example(name):
    schema = read(name)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["examples"]
    for example in schema["examples"]:
        validator(schema).validate(example)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_refuses_what_lacks_a_member(name):
    schema = read(name)
    example = schema["examples"][0]

    for member in schema.get("required", []):
        broken = {k: v for k, v in example.items() if k != member}
        assert not validator(schema).is_valid(broken), member


@pytest.mark.parametrize("name", [n for n in SCHEMAS if read(n).get("x-frozen")])
def test_what_is_written_of_a_frozen_message_has_no_further_member(name):
    schema = read(name)
    example = schema["examples"][0]

    if isinstance(example, dict) and "additionalProperties" in schema:
        assert not validator(schema).is_valid({**example, "further": 1})
    else:
        assert not isinstance(example, dict) or name in ("ChatDtoInput.schema.json",
                                                         "InquiryRequest.schema.json")


def test_text_is_counted_in_code_points():
    schema = read("SendRequest.schema.json")
    key = schema["properties"]["key"]

    validator(key).validate("😀" * 64)
    assert not validator(key).is_valid("😀" * 65)


@pytest.mark.parametrize("text, is_valid", [
    ("2025-01-20T10:30:00", True), ("2025-01-20T10:30:00.5", True),
    ("2025-01-20T10:30:00.000000001", True), ("2025-01-20T10:30:00.50", False),
    ("2025-01-20T10:30", False), ("2025-01-20T10:30:00Z", False), ("2025-13-20T10:30:00", False),
])
def test_times_are_as_the_server_writes_them(text, is_valid):
    schema = read("ChatDto.schema.json")["properties"]["timestamp"]

    assert validator(schema).is_valid(text) == is_valid


def test_openapi_is_valid():
    openapi_spec_validator.validate(read("openapi.json"))


@pytest.mark.parametrize("document", ["openapi.json", "asyncapi.json"])
def test_examples_inside_a_document_are_valid(document):
    whole = read(document)
    seen = 0

    for name, schema in whole["components"]["schemas"].items():
        for example in schema.get("examples", []):
            validator({"$ref": f"#/components/schemas/{name}", **{
                "components": whole["components"]}}).validate(example)
            seen += 1
    for message in whole["components"].get("messages", {}).values():
        for example in message.get("examples", []):
            validator({**message["payload"], "components": whole["components"]}).validate(
                example["payload"])
            seen += 1
    assert seen > 10


def test_every_error_of_a_route_has_its_code():
    codes = set()
    for path in read("openapi.json")["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                content = answer.get("content", {}).get("application/json", {})
                for part in content.get("schema", {}).get("allOf", []):
                    codes |= {(c, status) for c in part.get("properties", {}).get(
                        "code", {}).get("enum", [])}

    assert ("not_member", "403") in codes
    assert ("rate_limited", "429") in codes
    assert all(status[0] in "45" for _, status in codes)


def test_asyncapi_is_valid():
    said = node(f"{HERE}/asyncapi.mjs", f"{CONTRACT}/asyncapi.json")

    assert json.loads(said) == []


def test_asyncapi_has_destinations_and_topics():
    channels = read("asyncapi.json")["channels"]
    addresses = {c["address"] for c in channels.values()}

    assert {"/pub/room/{roomUUID}/message", "/sub/chat/room/{roomUUID}", "/user/queue/errors",
            "chat", "chat-event", "user-delete", None} <= addresses


def test_the_types_compile_and_refuse_wrong_use():
    """use.ts marks each wrong line with @ts-expect-error, which is an error if it is right."""
    node(f"{DOCS}/node_modules/typescript/bin/tsc", "--project", f"{HERE}/tsconfig.json")


def test_destinations_are_those_of_the_schema(tmp_path):
    # Node 18 takes a .js for an ES module only in a package that says so, as a project's does.
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    module = shutil.copy(f"{CONTRACT}/reuse-chat.js", tmp_path)
    said = json.loads(node(f"{HERE}/destinations.mjs", module))

    assert said["send"]["chatMessage"] == "/pub/room/U/message"
    assert said["subscribe"]["chatMessage"] == "/sub/chat/room/U"
    assert said["subscribe"]["eventErrors"] == "/user/queue/errors"
    addresses = {c["address"] for c in read("asyncapi.json")["channels"].values() if c["address"]}
    for group in said.values():
        for destination in group.values():
            assert destination.replace("/U", "/{roomUUID}") in addresses


def test_the_version_is_that_of_the_project():
    with open(os.path.join(ROOT, "CMakeLists.txt"), encoding="utf-8") as f:
        version = re.search(r"VERSION ([\d.]+) LANGUAGES", f.read()).group(1)

    for document in ("openapi.json", "asyncapi.json"):
        assert read(document)["info"]["version"] == version
