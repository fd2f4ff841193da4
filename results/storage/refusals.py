"""What an object store's errors mean: whether they may pass, and what to do about them.

In: errors of `pyarrow.fs`, which hold the service's words as text. Out: an error of one sentence.
"""

import re

from results.errors import StorageError

_MEANINGS = (
    (
        r"NO_SUCH_BUCKET|NoSuchBucket|bucket does not exist|Bucket '.*' not found|BUCKET_NOT_FOUND",
        "the bucket does not exist: make it, or mend its name",
    ),
    (
        r"ACCESS_DENIED|AccessDenied|INVALID_ACCESS_KEY_ID|INVALID_CLIENT_TOKEN_ID|SIGNATURE_DOES_NOT_MATCH|"
        r"INVALID_SIGNATURE|EXPIRED_TOKEN|ExpiredToken|InvalidToken|MISSING_AUTHENTICATION|UNRECOGNIZED_CLIENT|"
        r"HTTP status 40[13]|PERMISSION_DENIED|UNAUTHENTICATED|OAuth2|credentials",
        "the credentials are missing, wrong or not enough: give those that may list, read, write and delete there "
        "(s3: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; gs: GOOGLE_APPLICATION_CREDENTIALS)",
    ),
    (
        r"PermanentRedirect|HTTP status 301|AuthorizationHeaderMalformed|IllegalLocationConstraint",
        "the bucket is in another region: give it as AWS_REGION, or as ?region=NAME in the URI",
    ),
    (
        r"NETWORK_CONNECTION|curlCode|Could not (connect|resolve)|UNAVAILABLE|timed? ?out",
        "the service does not answer: look at the network, and at the endpoint (AWS_ENDPOINT_URL, "
        "STORAGE_EMULATOR_HOST, or ?endpoint_override=HOST:PORT&scheme=http in the URI)",
    ),
)
_ELSE = "the service refuses: look at what it said, then go on with `xlt sweep resume`"
_PERMANENT = re.compile("|".join(pattern for pattern, _ in _MEANINGS[:3]), re.IGNORECASE)
_REQUEST_ID = re.compile(r"\s*\(Request ID: [^)]*\)")


def is_missing_file(error: OSError) -> bool:
    """Whether an object is not there, as Google's client says it."""
    return str(error).startswith("No such file or directory")


def may_pass(error: OSError) -> bool:
    """Whether another attempt may go better: the service was away or too busy."""
    return _PERMANENT.search(str(error)) is None


def explain_refusal(uri: str, error: Exception) -> StorageError:
    """Give what was asked for, what the service said, and what to do."""
    said = " ".join(_REQUEST_ID.sub("", str(error)).split())
    advice = next((advice for pattern, advice in _MEANINGS if re.search(pattern, said, re.IGNORECASE)), _ELSE)
    return StorageError(f"{uri}: {advice}. The service said: {said}")
