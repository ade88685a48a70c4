"""Which source corresponds to which golden file, and where they may differ.

`OWN` are the parts of a sample that belong to whoever sent it: headers,
attributes, slots. `EXCEPT` are single paths, each with its reason.
"""

import re
from dataclasses import dataclass

GO = "aws-lambda-go"
SAR = "sar-blueprints"

PAIRS: dict[str, tuple[str, ...]] = {
    "hello/hello-world": (f"{SAR}/javascript_hello-world_testEvent",),
    "apigateway/http-api-request": (f"{GO}/apigw-v2-request-no-authorizer",),
    "apigateway/http-api-proxy": (
        f"{GO}/apigw-v2-request-jwt-authorizer",
        f"{GO}/apigw-v2-request-no-authorizer",
    ),
    "lambda-url/request": (f"{GO}/lambda-urls-request",),
    "apigateway/rest-request": (
        f"{GO}/apigw-request",
        f"{GO}/apigw-restapi-openapi-request",
    ),
    "apigateway/aws-proxy": (
        f"{GO}/apigw-request",
        f"{SAR}/javascript_api-gateway-multiple-origin-cors_testEvent",
    ),
    "apigateway/websocket-message": (f"{GO}/apigw-websocket-request-send-message",),
    "apigateway/websocket-disconnect": (f"{GO}/apigw-websocket-request-disconnect",),
    "apigateway/authorizer": (
        f"{GO}/apigw-custom-auth-request",
        f"{SAR}/javascript_api-gateway-authorizer-nodejs_testEvent",
    ),
    "apigateway/request-authorizer": (f"{GO}/apigw-custom-auth-request-type-request",),
    "alb/request": (f"{GO}/alb-lambda-target-request-headers-only",),
    "s3/put": (f"{GO}/s3-event", f"{SAR}/javascript_s3-get-object_testEvent"),
    "s3/delete": (f"{GO}/s3-event",),
    "s3/batch-invocation": (f"{GO}/s3-batch-job-event-request-1.0",),
    "sqs/receive-message": (f"{GO}/sqs-event",),
    "sqs/fifo-message": (f"{GO}/sqs-event",),
    "sns/notification": (f"{GO}/sns-event", f"{SAR}/javascript_sns-message_testEvent"),
    "dynamodb/update": (
        f"{GO}/dynamodb-event",
        f"{SAR}/python_dynamodb-process-stream-python3_testEvent",
        f"{SAR}/javascript_dynamodb-process-stream_testEvent",
    ),
    "dynamodb/stream-record": (f"{GO}/dynamodb-event",),
    "kinesis/get-records": (
        f"{GO}/kinesis-event",
        f"{SAR}/javascript_kinesis-process-record_testEvent",
    ),
    "kinesis/kinesis-firehose": (
        f"{GO}/kinesis-firehose-event",
        f"{SAR}/javascript_kinesis-firehose-process-record_testEvent",
    ),
    "kinesis/streams-as-source": (
        f"{GO}/kinesis-firehose-event",
        f"{SAR}/javascript_kinesis-firehose-process-record-streams-as-source_testEvent",
    ),
    "kinesis/apachelog": (
        f"{SAR}/javascript_kinesis-firehose-apachelog-to-json_testEvent",
        f"{SAR}/javascript_kinesis-firehose-apachelog-to-csv_testEvent",
    ),
    "kinesis/syslog": (
        f"{SAR}/javascript_kinesis-firehose-syslog-to-json_testEvent",
        f"{SAR}/javascript_kinesis-firehose-syslog-to-csv_testEvent",
    ),
    "kinesis/cloudwatch-logs-processor": (
        f"{SAR}/javascript_kinesis-firehose-cloudwatch-logs-processor_testEvent",
    ),
    "kinesis/analytics": (f"{SAR}/javascript_kinesis-analytics-process-record_testEvent",),
    "kinesis/analytics-compressed": (
        f"{SAR}/javascript_kinesis-analytics-process-compressed-record_testEvent",
    ),
    "kinesis/analytics-dynamodb": (f"{GO}/kinesis-analytics-output-delivery-event",),
    "kafka/records": (f"{GO}/kafka-event",),
    "cloudwatch/logs": (
        f"{GO}/cloudwatch-logs-event",
        f"{SAR}/javascript_cloudwatch-logs-process-data_testEvent",
    ),
    "cloudwatch/log-lines": (f"{GO}/cloudwatch-logs-event",),
    "codecommit/repository": (f"{GO}/code-commit-event",),
    "codepipeline/job": (f"{GO}/codepipeline-job-event",),
    "config/item-change-notification": (f"{GO}/config-event",),
    "cognito/sync-trigger": (
        f"{GO}/cognito-event",
        f"{SAR}/javascript_cognito-sync-trigger_testEvent",
    ),
    "cognito/pre-sign-up": (f"{GO}/cognito-event-userpools-presignup",),
    "cognito/post-confirmation": (f"{GO}/cognito-event-userpools-postconfirmation",),
    "connect/contact-flow-event": (f"{GO}/connect-event",),
    "lex/order-flowers": (f"{GO}/lex-event", f"{SAR}/javascript_lex-order-flowers_testEvent"),
    "lex/make-appointment": (f"{SAR}/javascript_lex-make-appointment_testEvent",),
    "lex/book-hotel": (f"{SAR}/javascript_lex-book-trip_testEvent",),
    "ses/email-receiving": (
        f"{GO}/ses-lambda-event",
        f"{SAR}/javascript_inbound-ses-spam-filter_testEvent",
    ),
    "secretsmanager/rotation": (f"{GO}/secretsmanager-secret-rotation-event",),
    "cloudformation/create-request": (
        f"{SAR}/javascript_cfn-stack-outputs_testEvent",
        f"{SAR}/javascript_cfn-look-up-ami-ids_testEvent",
    ),
    "alexa-smart-home/smart-home-discovery-request": (
        f"{SAR}/javascript_alexa-smart-home-skill-adapter_testEvent",
    ),
    "alexa-skills-kit/intent-mycoloris": (
        f"{SAR}/javascript_alexa-skills-kit-color-expert_testEvent",
        f"{SAR}/python_alexa-skills-kit-color-expert-python_testEvent",
    ),
    "eventbridge/custom": (
        f"{GO}/codebuild-state-change",
        f"{GO}/codebuild-phase-change",
        f"{GO}/ecr-image-push-event",
        f"{GO}/ecr-image-scan-event",
        f"{GO}/ecs-container-instance-state-change",
        f"{GO}/codedeploy-deployment-event",
        f"{GO}/codedeploy-instance-event",
        f"{GO}/codepipeline-action-execution-stage-change-event",
        f"{GO}/codepipeline-execution-stage-change-event",
        f"{GO}/codepipeline-execution-state-change-event",
        f"{GO}/autoscaling-event-launch-successful",
        f"{GO}/autoscaling-event-launch-unsuccessful",
        f"{GO}/autoscaling-event-terminate-successful",
        f"{GO}/autoscaling-event-terminate-unsuccessful",
        f"{GO}/autoscaling-event-terminate-action",
        f"{GO}/autoscaling-event-lifecycle-action",
    ),
    **{
        f"cloudfront/{name}": (f"{SAR}/javascript_cloudfront-{name}_testEvent",)
        for name in (
            "ab-test",
            "access-request-in-response",
            "http-redirect",
            "modify-querystring",
            "modify-response-header",
            "multiple-remote-calls-aggregate-response",
            "redirect-on-viewer-country",
            "redirect-unauthenticated-users",
            "response-generation",
            "simple-remote-call",
        )
    },
}

FIELDS: dict[str, dict[str, str]] = {"kafka/records": {"topic": "AWSKafkaTopic"}}
"""Fields to fill in where a golden file's keys depend on them."""

# fmt: off
OWN: dict[str, tuple[str, ...]] = {
    "apigateway/": (
        "$.headers.", "$.multiValueHeaders.", "$.queryStringParameters.",
        "$.multiValueQueryStringParameters.", "$.stageVariables.", "$.pathParameters.",
        "$.requestContext.authorizer.",
    ),
    "lambda-url/": ("$.headers.", "$.queryStringParameters."),
    "alb/": ("$.headers.", "$.queryStringParameters."),
    "sqs/": ("$.Records[].messageAttributes.",),
    "dynamodb/": ("$.Records[].dynamodb.Keys.", "$.Records[].dynamodb.NewImage."),
    "cognito/": (
        "$.request.userAttributes.", "$.request.validationData.", "$.request.clientMetadata.",
    ),
    "connect/": ("$.Details.Parameters.", "$.Details.ContactData.Attributes."),
    "lex/": (
        "$.currentIntent.slots.", "$.currentIntent.slotDetails", "$.sessionAttributes.",
        "$.requestAttributes.",
    ),
    "eventbridge/": ("$.detail.", "$.resources[]"),
}
"""By source prefix: paths below these are the sender's own and need not exist."""


@dataclass(frozen=True)
class Difference:
    """A path that a golden file has and its source need not have, and why."""

    source: str
    path: str
    why: str

    def covers(self, source: str, path: str) -> bool:
        return bool(re.fullmatch(self.source, source) and re.fullmatch(self.path, path))


MTLS = "present only where the API asks clients for a certificate"
AUTHORIZER = "present only behind an authorizer"
NULLS = "null without a signed caller; both are what API Gateway sends"
EXCEPT = (
    Difference("apigateway/.*", r"\$\.requestContext\.authentication.*", MTLS),
    Difference("apigateway/.*", r"\$\.requestContext\.identity\.clientCert.*", MTLS),
    Difference("apigateway/.*", r"\$\.requestContext\.authorizer", AUTHORIZER),
    Difference("lambda-url/request", r"\$\.requestContext\.authorizer.*", AUTHORIZER),
    Difference("lambda-url/request", r"\$\.cookies.*", "present only when cookies are sent"),
    Difference("apigateway/rest-request", r"\$\.requestContext\.operationName",
               "present only for an API imported with operation ids"),
    Difference("apigateway/aws-proxy", r"\$\.requestContext\.identity\..*", NULLS),
    Difference("apigateway/aws-proxy", r"\$\.requestContext\.(domain.*|extendedRequestId)",
               "the vendored sample is of 2017; rest-request has them"),
    Difference("apigateway/request-authorizer", r"\$\.multiValue(Headers|QueryStringParameters)",
               "the vendored sample is older than multi-value parameters"),
    Difference("s3/.*", r"\$\.Records\[\]\.s3\.object\.versionId", "versioned buckets only"),
    Difference("s3/delete", r"\$\.Records\[\]\.s3\.object\.(size|eTag)",
               "a deleted object has neither"),
    Difference("sqs/.*", r"\$\.Records\[\]\.md5OfMessageAttributes",
               "present only with message attributes"),
    Difference("dynamodb/.*", r"\$\.Records\[\]\.userIdentity.*",
               "present only when an item expired (TTL)"),
    Difference("kinesis/kinesis-firehose", r"\$\.(source|records\[\]\.)[kK]inesis.*",
               "present only when a stream feeds Firehose: streams-as-source"),
    Difference("kinesis/streams-as-source", r"\$\.(deliveryStreamArn|sourceKinesisStreamArn)",
               "the vendored sample names the stream in another field"),
    Difference("kinesis/streams-as-source", r"\$\.records\[\]\..*\.subsequenceNumber",
               "a string in the vendored sample and in the blueprint, a number in the other"),
    Difference("codepipeline/job", r"\$\..*\.(continuationToken|inputArtifacts\[\]\.revision)",
               "a token only when a job goes on; a revision may be null"),
    Difference("connect/contact-flow-event", r"\$\.Details\.ContactData\.Queue.*",
               "null until the contact is in a queue"),
    Difference("lex/order-flowers", r"\$\.(inputTranscript|requestAttributes)",
               "added to V1 after the vendored sample"),
    Difference("ses/email-receiving", r"\$\.Records\[\]\.ses\.receipt\.dmarc.*",
               "present only with DMARC results"),
)

# fmt: on
_OTHER = "no source of the catalogue; typed in as JSON or saved from a run"
UNMATCHED: dict[str, str] = {
    "-response": "what a function answers, not an event",
    "autoscaling-event": _OTHER,
    "activemq-event": _OTHER,
    "rabbitmq-event": _OTHER,
    "alb-lambda-target-request-multivalue-headers": "a setting of the target group",
    "apigw-v2-custom-authorizer": _OTHER,
    "apigw-v2-request-iam": "an authorizer's context is the sender's own",
    "apigw-v2-request-lambda-authorizer": "an authorizer's context is the sender's own",
    "apigw-websocket-request": "mixes a REST request into a WebSocket one",
    "appsync-": "a resolver's arguments are the application's own",
    "clientvpn-": _OTHER,
    "cloudwatch-alarm-sns-payload": "the text inside an SNS message",
    "cognito-event-userpools": _OTHER,
    "dynamodb-event-malformed": "broken on purpose",
    "dynamodb-time-window-event": _OTHER,
    "kinesis-time-window-event": _OTHER,
    "iot-": _OTHER,
    "s3-object-lambda-event": _OTHER,
    "s3-batch-job-event-request-2.0": _OTHER,
    "s3-event-with-decoded": "a field that one client library adds",
    "s3-glacier-event": _OTHER,
    "s3-intelligenttier-event": _OTHER,
    "s3-lifecycle-event": _OTHER,
    "s3-replication-event": _OTHER,
    "s3-restore-event": _OTHER,
    "ses-s3-event": _OTHER,
    "ses-sns-event": _OTHER,
    "javascript_node-exec": "the function's own input",
}
"""Golden files (by part of the name) that no source answers to, and why."""
