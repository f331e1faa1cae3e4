"""The description is complete, true to form, and current: OpenAPI 3.1."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.api.world import Operation, World, document, opened, operations

from timebank_api.reference import DOCS, main, openapi_text

NOUN_VERB = re.compile(r"[a-z]+(_[a-z]+)+")
each_operation = pytest.mark.parametrize("operation", operations(), ids=lambda each: each.name)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The service over the sample world, which stays as it is."""
    with opened(tmp_path_factory.mktemp("world"), is_kept=False) as found:
        yield found


def shown(operation: Operation) -> Iterator[tuple[str, Any, Any]]:
    """Yield where an operation has bodies and answers, their schemas and their examples."""
    parts = {"body": operation.document.get("requestBody", {}), **operation.document["responses"]}
    for place, part in parts.items():
        for form, media in part.get("content", {}).items():
            yield f"{place} {form}", media.get("schema"), media.get("example")


def test_the_committed_description_is_what_the_service_says(tmp_path: Path) -> None:
    """`make docs` writes it."""
    main(tmp_path)

    assert (DOCS / "openapi.json").read_text(encoding="utf-8") == openapi_text()
    assert (tmp_path / "openapi.json").read_text(encoding="utf-8") == openapi_text()


def test_the_service_serves_its_description(world: World) -> None:
    """To anybody; and nothing else in that place."""
    assert json.loads(openapi_text()) == world.client.get("/schema/openapi.json").json()
    for path in ("/schema", "/schema/", "/schema/swagger", "/schema/openapi.yaml"):
        answer = world.client.get(path)
        assert (404, "not_found") == (answer.status_code, answer.json()["code"]), path


def test_an_outside_judge_finds_it_valid() -> None:
    """Against the specification, references and all."""
    assert [] == [error.message for error in OpenAPIV31SpecValidator(document()).iter_errors()]
    assert document()["openapi"].startswith("3.1")


def test_every_operation_has_a_name_of_its_own() -> None:
    """`noun_verb`: clients are made from them."""
    names = Counter(each.name for each in operations())

    assert {} == {name: count for name, count in names.items() if count > 1}
    assert [] == [name for name in names if NOUN_VERB.fullmatch(name) is None]


@each_operation
def test_an_operation_says_what_it_does_and_how_it_may_go_wrong(operation: Operation) -> None:
    """Whoever adds a route gets this for nothing, and whoever takes it away finds out here."""
    said = operation.document
    answers = set(said["responses"])

    assert said["summary"]
    assert [] == [each["name"] for each in said.get("parameters", ()) if not each.get("description")]
    assert {"429", "500", "503"} <= answers
    assert any(status < "300" for status in answers)
    if not operation.is_public:
        assert {"401", "403", "404"} <= answers
    if operation.parameters or operation.form:
        assert {"400", "422"} <= answers
    if operation.form:
        assert {"413", "415"} <= answers
    if operation.method != "GET":
        assert "409" in answers


@each_operation
def test_every_body_and_answer_has_an_example(operation: Operation) -> None:
    """Made from one value for each field: give a new field its value in `timebank_api.examples`."""
    resolver = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "components": document()["components"],
    }
    for place, schema, example in shown(operation):
        assert example is not None, f"{place}: add the new fields to FIELDS of timebank_api.examples"
        if schema:
            faults = OAS31Validator({**resolver, **schema}).iter_errors(example)
            assert [] == [f"{place}: {list(fault.path)} {fault.message}" for fault in faults]


def test_every_problem_of_the_description_is_one() -> None:
    """With the codes that the status can have."""
    components = document()["components"]
    for status, answer in components["responses"].items():
        media = answer["content"]["application/problem+json"]
        schema = {"components": components, **media["schema"]}
        assert [] == [fault.message for fault in OAS31Validator(schema).iter_errors(media["example"])], status


@each_operation
def test_the_example_is_accepted(operation: Operation, world: World) -> None:
    """By the running service, of somebody who may."""
    who, place = world.fitting(operation)

    assert operation.is_public == (who == "anonymous"), place


def test_the_token_is_described() -> None:
    """As the bearer scheme; only what anybody may ask for does without."""
    assert "bearer" == document()["components"]["securitySchemes"]["bearer"]["scheme"]
    assert {"health_live", "health_ready"} <= {each.name for each in operations() if each.is_public}
    assert [{"bearer": []}] == document()["security"]


def test_it_names_no_outside_address() -> None:
    """It describes the service at which it is served."""
    assert "://" not in openapi_text().replace("https://receiver.example/", "")
