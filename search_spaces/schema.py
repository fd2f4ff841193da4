"""The JSON schema of a space, for editors that complete and check YAML. In: the models. Out: one schema.

It is looser than `load_space`: it knows keys, types, ranges and names, not what a whole cell means.
"""

from typing import Any

from search_spaces.ranges import RANGE_KINDS
from search_spaces.space import SearchSpace
from search_spaces.validation import setting_paths as setting_paths
from xlt_core.perturbations import METHODS
from xlt_core.spec import TrialSpec
from xlt_core.tasks import TASKS

JsonSchema = dict[str, Any]

_RANGE = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {
        kind: {
            "type": "array",
            "items": {"type": "integer" if kind == "integer" else "number"},
            "minItems": 2,
            "maxItems": 2,
        }
        for kind in RANGE_KINDS
    },
    "description": "A range from which a search draws; allowed wherever an axis has a list of values or one of them.",
}
_AXIS = {
    "anyOf": [
        {
            "type": "array",
            "minItems": 1,
            "description": "Values; a list inside a mapping among them is multiplied out.",
        },
        {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"not": {"enum": list(RANGE_KINDS)}},
            "description": "Keys to lists; all combinations, laid over the base.",
        },
        _RANGE,
    ]
}


def space_schema() -> JsonSchema:
    """Write the schema: a space whose `base` and `baseline` are partial trials, whose axes are dotted keys."""
    schema = SearchSpace.model_json_schema()
    trial = TrialSpec.model_json_schema()
    definitions = schema["$defs"] | _partial_definitions(trial.pop("$defs"))
    base = {"type": "object", "additionalProperties": False, "properties": _partial_properties(trial["properties"])}
    base["patternProperties"] = {r"\.": {}}
    definitions["Base"] = base
    definitions["Search"] = _one_of("factorial", definitions["Search"])
    definitions["Scheduler"] = _one_of("none", definitions["Scheduler"])
    paths = setting_paths(TrialSpec)
    properties = schema["properties"]
    properties["base"] = _reference("Base") | {"description": properties["base"]["description"]}
    properties["axes"] |= {"propertyNames": {"enum": paths}, "additionalProperties": _AXIS}
    definitions["ResourceRule"]["properties"]["match"] |= {"propertyNames": {"enum": paths}}
    for name, bare in (("search", "factorial"), ("scheduler", "none")):
        properties[name]["default"] = bare
    properties["baseline"] |= {"propertyNames": {"enum": paths}, "additionalProperties": True}
    return schema | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Search space",
        "$defs": definitions,
    }


def _partial_definitions(definitions: JsonSchema) -> JsonSchema:
    """Drop what must be there (an axis may give it), name what the plug-in tables hold."""
    partial = {
        name: {key: value for key, value in one.items() if key != "required"} for name, one in definitions.items()
    }
    for name in ("StageSpec", "BesideSpec"):
        task = partial[name]["properties"]["task"]
        task |= {"anyOf": [{"enum": sorted(TASKS)}, {"type": "string", "pattern": r"\.ya?ml$"}]}
    partial["ScorerSpec"]["properties"]["encoder"]["anyOf"].append({"type": "string", "minLength": 1})
    perturbation = partial["PerturbationSpec"]["properties"]
    for name in perturbation.keys() - {"method", "magnitude"}:
        perturbation[name].pop("default", None)  # every method has its own
    perturbation["method"] |= {"enum": sorted(METHODS)}
    languages = partial["EvaluationSpec"]["properties"]["languages"]
    languages["anyOf"].append({"type": "string"})
    conditions = partial["EvaluationSpec"]["properties"]["conditions"]
    kinds = conditions["items"]["discriminator"]["mapping"]
    bare = [kind for kind, place in kinds.items() if "required" not in definitions[place.rpartition("/")[2]]]
    conditions["items"] = {"anyOf": [{"enum": bare}, conditions["items"]]}
    return partial


def _partial_properties(properties: JsonSchema) -> JsonSchema:
    """Allow the short forms: an encoder by its source alone, `none` for no intermediate stage."""
    short = {key: value for key, value in properties.items() if key != "seed"}
    short["encoder"] = {"anyOf": [{"type": "string", "minLength": 1}, _reference("EncoderSpec")]}
    short["intermediate"] = {"anyOf": [{"enum": ["none", None]}, _reference("StageSpec")]}
    return short


def _one_of(bare: str, definition: JsonSchema) -> JsonSchema:
    """A name without settings, or one of the others with its settings."""
    kinds = {
        name: next(one for one in field["anyOf"] if "$ref" in one) for name, field in definition["properties"].items()
    }
    one = {"type": "object", "properties": kinds, "additionalProperties": False, "minProperties": 1, "maxProperties": 1}
    return {"anyOf": [{"enum": [bare]}, one], "description": definition["description"]}


def _reference(name: str) -> JsonSchema:
    return {"$ref": f"#/$defs/{name}"}
