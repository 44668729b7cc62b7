//! The actions that the platform's roles use, each with whether AWS can narrow it to a resource.
//! An action that is not here cannot be written; adding one is one line.

use std::fmt;

/// An action of the list below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Action {
    name: &'static str,
    narrowable: bool,
}

impl Action {
    /// Every action of S3: for denials only, which must not miss one.
    pub(super) const EVERY_S3: Self = Self {
        name: "s3:*",
        narrowable: true,
    };

    /// `service:Name`.
    pub const fn as_str(self) -> &'static str {
        self.name
    }

    /// Whether AWS lets a policy name a resource for it (service authorisation reference). The
    /// others exist for `*` only.
    pub const fn is_narrowable(self) -> bool {
        self.narrowable
    }

    /// The action of this name, if the platform uses it.
    pub fn find(name: &str) -> Option<Self> {
        ALL.iter()
            .flat_map(|actions| actions.iter())
            .copied()
            .find(|action| action.name.eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name)
    }
}

macro_rules! actions {
    ($($service:ident { $($constant:ident = $name:literal $narrowable:ident,)+ })+) => {
        $(
            #[doc = concat!("Actions of `", stringify!($service), "`.")]
            pub mod $service {
                use super::Action;
                $(
                    #[doc = concat!("`", $name, "`")]
                    pub const $constant: Action = Action {
                        name: $name,
                        narrowable: actions!(@ $narrowable),
                    };
                )+
                /// Every action of this service that the platform uses.
                pub const ALL: &[Action] = &[$($constant),+];
            }
        )+
        /// Every action, by service.
        pub const ALL: &[&[Action]] = &[$($service::ALL),+];
    };
    (@ narrow) => { true };
    (@ any) => { false };
}

actions! {
    athena {
        GET_QUERY_EXECUTION = "athena:GetQueryExecution" narrow,
        GET_QUERY_RESULTS = "athena:GetQueryResults" narrow,
        GET_WORK_GROUP = "athena:GetWorkGroup" narrow,
        START_QUERY_EXECUTION = "athena:StartQueryExecution" narrow,
        STOP_QUERY_EXECUTION = "athena:StopQueryExecution" narrow,
    }
    autoscaling {
        DESCRIBE_AUTO_SCALING_GROUPS = "autoscaling:DescribeAutoScalingGroups" any,
        DESCRIBE_AUTO_SCALING_INSTANCES = "autoscaling:DescribeAutoScalingInstances" any,
        TERMINATE_INSTANCE_IN_AUTO_SCALING_GROUP = "autoscaling:TerminateInstanceInAutoScalingGroup" narrow,
    }
    cloudwatch {
        DESCRIBE_ALARMS = "cloudwatch:DescribeAlarms" narrow,
        GET_METRIC_DATA = "cloudwatch:GetMetricData" any,
        LIST_METRICS = "cloudwatch:ListMetrics" any,
        PUT_METRIC_DATA = "cloudwatch:PutMetricData" any,
    }
    dynamodb {
        BATCH_GET_ITEM = "dynamodb:BatchGetItem" narrow,
        BATCH_WRITE_ITEM = "dynamodb:BatchWriteItem" narrow,
        CONDITION_CHECK_ITEM = "dynamodb:ConditionCheckItem" narrow,
        DELETE_ITEM = "dynamodb:DeleteItem" narrow,
        DESCRIBE_TABLE = "dynamodb:DescribeTable" narrow,
        GET_ITEM = "dynamodb:GetItem" narrow,
        PUT_ITEM = "dynamodb:PutItem" narrow,
        QUERY = "dynamodb:Query" narrow,
        UPDATE_ITEM = "dynamodb:UpdateItem" narrow,
    }
    ec2 {
        ASSIGN_PRIVATE_IP_ADDRESSES = "ec2:AssignPrivateIpAddresses" narrow,
        AUTHORIZE_SECURITY_GROUP_INGRESS = "ec2:AuthorizeSecurityGroupIngress" narrow,
        CREATE_NETWORK_ACL_ENTRY = "ec2:CreateNetworkAclEntry" narrow,
        CREATE_NETWORK_INTERFACE = "ec2:CreateNetworkInterface" narrow,
        CREATE_NETWORK_INTERFACE_PERMISSION = "ec2:CreateNetworkInterfacePermission" narrow,
        CREATE_SNAPSHOT = "ec2:CreateSnapshot" narrow,
        CREATE_SNAPSHOTS = "ec2:CreateSnapshots" narrow,
        CREATE_TAGS = "ec2:CreateTags" narrow,
        DELETE_NETWORK_ACL_ENTRY = "ec2:DeleteNetworkAclEntry" narrow,
        DELETE_NETWORK_INTERFACE = "ec2:DeleteNetworkInterface" narrow,
        DELETE_TAGS = "ec2:DeleteTags" narrow,
        DESCRIBE_DHCP_OPTIONS = "ec2:DescribeDhcpOptions" any,
        DESCRIBE_INSTANCES = "ec2:DescribeInstances" any,
        DESCRIBE_NETWORK_ACLS = "ec2:DescribeNetworkAcls" any,
        DESCRIBE_NETWORK_INTERFACES = "ec2:DescribeNetworkInterfaces" any,
        DESCRIBE_SECURITY_GROUP_REFERENCES = "ec2:DescribeSecurityGroupReferences" any,
        DESCRIBE_SECURITY_GROUP_RULES = "ec2:DescribeSecurityGroupRules" any,
        DESCRIBE_SECURITY_GROUPS = "ec2:DescribeSecurityGroups" any,
        DESCRIBE_SNAPSHOTS = "ec2:DescribeSnapshots" any,
        DESCRIBE_SUBNETS = "ec2:DescribeSubnets" any,
        DESCRIBE_TAGS = "ec2:DescribeTags" any,
        DESCRIBE_VOLUMES = "ec2:DescribeVolumes" any,
        DESCRIBE_VPCS = "ec2:DescribeVpcs" any,
        MODIFY_INSTANCE_ATTRIBUTE = "ec2:ModifyInstanceAttribute" narrow,
        MODIFY_NETWORK_INTERFACE_ATTRIBUTE = "ec2:ModifyNetworkInterfaceAttribute" narrow,
        REBOOT_INSTANCES = "ec2:RebootInstances" narrow,
        REPLACE_NETWORK_ACL_ENTRY = "ec2:ReplaceNetworkAclEntry" narrow,
        REVOKE_SECURITY_GROUP_INGRESS = "ec2:RevokeSecurityGroupIngress" narrow,
        RUN_INSTANCES = "ec2:RunInstances" narrow,
        START_INSTANCES = "ec2:StartInstances" narrow,
        STOP_INSTANCES = "ec2:StopInstances" narrow,
        TERMINATE_INSTANCES = "ec2:TerminateInstances" narrow,
        UNASSIGN_PRIVATE_IP_ADDRESSES = "ec2:UnassignPrivateIpAddresses" narrow,
    }
    ec2messages {
        ACKNOWLEDGE_MESSAGE = "ec2messages:AcknowledgeMessage" any,
        DELETE_MESSAGE = "ec2messages:DeleteMessage" any,
        FAIL_MESSAGE = "ec2messages:FailMessage" any,
        GET_ENDPOINT = "ec2messages:GetEndpoint" any,
        GET_MESSAGES = "ec2messages:GetMessages" any,
        SEND_REPLY = "ec2messages:SendReply" any,
    }
    ecr {
        BATCH_CHECK_LAYER_AVAILABILITY = "ecr:BatchCheckLayerAvailability" narrow,
        BATCH_GET_IMAGE = "ecr:BatchGetImage" narrow,
        COMPLETE_LAYER_UPLOAD = "ecr:CompleteLayerUpload" narrow,
        DESCRIBE_IMAGES = "ecr:DescribeImages" narrow,
        GET_AUTHORIZATION_TOKEN = "ecr:GetAuthorizationToken" any,
        GET_DOWNLOAD_URL_FOR_LAYER = "ecr:GetDownloadUrlForLayer" narrow,
        INITIATE_LAYER_UPLOAD = "ecr:InitiateLayerUpload" narrow,
        PUT_IMAGE = "ecr:PutImage" narrow,
        UPLOAD_LAYER_PART = "ecr:UploadLayerPart" narrow,
    }
    eks {
        ACCESS_KUBERNETES_API = "eks:AccessKubernetesApi" narrow,
        DESCRIBE_CLUSTER = "eks:DescribeCluster" narrow,
        DESCRIBE_NODEGROUP = "eks:DescribeNodegroup" narrow,
        LIST_NODEGROUPS = "eks:ListNodegroups" narrow,
        UPDATE_NODEGROUP_CONFIG = "eks:UpdateNodegroupConfig" narrow,
    }
    eks_auth {
        ASSUME_ROLE_FOR_POD_IDENTITY = "eks-auth:AssumeRoleForPodIdentity" narrow,
    }
    events {
        DELETE_RULE = "events:DeleteRule" narrow,
        DESCRIBE_RULE = "events:DescribeRule" narrow,
        PUT_EVENTS = "events:PutEvents" narrow,
        PUT_RULE = "events:PutRule" narrow,
        PUT_TARGETS = "events:PutTargets" narrow,
        REMOVE_TARGETS = "events:RemoveTargets" narrow,
    }
    execute_api {
        INVOKE = "execute-api:Invoke" narrow,
        MANAGE_CONNECTIONS = "execute-api:ManageConnections" narrow,
    }
    firehose {
        DESCRIBE_DELIVERY_STREAM = "firehose:DescribeDeliveryStream" narrow,
        PUT_RECORD = "firehose:PutRecord" narrow,
        PUT_RECORD_BATCH = "firehose:PutRecordBatch" narrow,
    }
    glue {
        GET_DATABASE = "glue:GetDatabase" narrow,
        GET_PARTITIONS = "glue:GetPartitions" narrow,
        GET_TABLE = "glue:GetTable" narrow,
        GET_TABLE_VERSION = "glue:GetTableVersion" narrow,
        GET_TABLE_VERSIONS = "glue:GetTableVersions" narrow,
    }
    iam {
        GET_ACCESS_KEY_LAST_USED = "iam:GetAccessKeyLastUsed" narrow,
        LIST_ACCESS_KEYS = "iam:ListAccessKeys" narrow,
        PASS_ROLE = "iam:PassRole" narrow,
        UPDATE_ACCESS_KEY = "iam:UpdateAccessKey" narrow,
    }
    kinesis {
        DESCRIBE_STREAM = "kinesis:DescribeStream" narrow,
        DESCRIBE_STREAM_SUMMARY = "kinesis:DescribeStreamSummary" narrow,
        GET_RECORDS = "kinesis:GetRecords" narrow,
        GET_SHARD_ITERATOR = "kinesis:GetShardIterator" narrow,
        LIST_SHARDS = "kinesis:ListShards" narrow,
        PUT_RECORD = "kinesis:PutRecord" narrow,
        PUT_RECORDS = "kinesis:PutRecords" narrow,
        SUBSCRIBE_TO_SHARD = "kinesis:SubscribeToShard" narrow,
        UPDATE_SHARD_COUNT = "kinesis:UpdateShardCount" narrow,
        UPDATE_STREAM_MODE = "kinesis:UpdateStreamMode" narrow,
    }
    kms {
        CANCEL_KEY_DELETION = "kms:CancelKeyDeletion" narrow,
        CREATE_ALIAS = "kms:CreateAlias" narrow,
        CREATE_GRANT = "kms:CreateGrant" narrow,
        DECRYPT = "kms:Decrypt" narrow,
        DELETE_ALIAS = "kms:DeleteAlias" narrow,
        DESCRIBE_KEY = "kms:DescribeKey" narrow,
        DISABLE_KEY = "kms:DisableKey" narrow,
        DISABLE_KEY_ROTATION = "kms:DisableKeyRotation" narrow,
        ENABLE_KEY = "kms:EnableKey" narrow,
        ENABLE_KEY_ROTATION = "kms:EnableKeyRotation" narrow,
        ENCRYPT = "kms:Encrypt" narrow,
        GENERATE_DATA_KEY = "kms:GenerateDataKey" narrow,
        GENERATE_DATA_KEY_WITHOUT_PLAINTEXT = "kms:GenerateDataKeyWithoutPlaintext" narrow,
        GET_KEY_POLICY = "kms:GetKeyPolicy" narrow,
        GET_KEY_ROTATION_STATUS = "kms:GetKeyRotationStatus" narrow,
        LIST_GRANTS = "kms:ListGrants" narrow,
        LIST_KEY_POLICIES = "kms:ListKeyPolicies" narrow,
        LIST_RESOURCE_TAGS = "kms:ListResourceTags" narrow,
        LIST_RETIRABLE_GRANTS = "kms:ListRetirableGrants" narrow,
        PUT_KEY_POLICY = "kms:PutKeyPolicy" narrow,
        RE_ENCRYPT_FROM = "kms:ReEncryptFrom" narrow,
        RE_ENCRYPT_TO = "kms:ReEncryptTo" narrow,
        RETIRE_GRANT = "kms:RetireGrant" narrow,
        REVOKE_GRANT = "kms:RevokeGrant" narrow,
        SCHEDULE_KEY_DELETION = "kms:ScheduleKeyDeletion" narrow,
        TAG_RESOURCE = "kms:TagResource" narrow,
        UNTAG_RESOURCE = "kms:UntagResource" narrow,
        UPDATE_ALIAS = "kms:UpdateAlias" narrow,
        UPDATE_KEY_DESCRIPTION = "kms:UpdateKeyDescription" narrow,
    }
    lambda {
        GET_FUNCTION = "lambda:GetFunction" narrow,
        INVOKE_FUNCTION = "lambda:InvokeFunction" narrow,
        INVOKE_FUNCTION_URL = "lambda:InvokeFunctionUrl" narrow,
    }
    logs {
        CREATE_LOG_DELIVERY = "logs:CreateLogDelivery" any,
        CREATE_LOG_GROUP = "logs:CreateLogGroup" narrow,
        CREATE_LOG_STREAM = "logs:CreateLogStream" narrow,
        DELETE_LOG_DELIVERY = "logs:DeleteLogDelivery" any,
        DESCRIBE_LOG_GROUPS = "logs:DescribeLogGroups" any,
        DESCRIBE_LOG_STREAMS = "logs:DescribeLogStreams" narrow,
        DESCRIBE_RESOURCE_POLICIES = "logs:DescribeResourcePolicies" any,
        FILTER_LOG_EVENTS = "logs:FilterLogEvents" narrow,
        GET_LOG_DELIVERY = "logs:GetLogDelivery" any,
        GET_LOG_EVENTS = "logs:GetLogEvents" narrow,
        GET_QUERY_RESULTS = "logs:GetQueryResults" any,
        LIST_LOG_DELIVERIES = "logs:ListLogDeliveries" any,
        PUT_LOG_EVENTS = "logs:PutLogEvents" narrow,
        PUT_RESOURCE_POLICY = "logs:PutResourcePolicy" any,
        PUT_RETENTION_POLICY = "logs:PutRetentionPolicy" narrow,
        START_QUERY = "logs:StartQuery" narrow,
        UPDATE_LOG_DELIVERY = "logs:UpdateLogDelivery" any,
    }
    s3 {
        ABORT_MULTIPART_UPLOAD = "s3:AbortMultipartUpload" narrow,
        DELETE_OBJECT = "s3:DeleteObject" narrow,
        GET_BUCKET_ACL = "s3:GetBucketAcl" narrow,
        GET_BUCKET_LOCATION = "s3:GetBucketLocation" narrow,
        GET_OBJECT = "s3:GetObject" narrow,
        GET_OBJECT_TAGGING = "s3:GetObjectTagging" narrow,
        GET_OBJECT_VERSION = "s3:GetObjectVersion" narrow,
        LIST_BUCKET = "s3:ListBucket" narrow,
        LIST_BUCKET_MULTIPART_UPLOADS = "s3:ListBucketMultipartUploads" narrow,
        LIST_BUCKET_VERSIONS = "s3:ListBucketVersions" narrow,
        LIST_MULTIPART_UPLOAD_PARTS = "s3:ListMultipartUploadParts" narrow,
        PUT_OBJECT = "s3:PutObject" narrow,
        PUT_OBJECT_TAGGING = "s3:PutObjectTagging" narrow,
    }
    sagemaker {
        ADD_TAGS = "sagemaker:AddTags" narrow,
        CREATE_ENDPOINT_CONFIG = "sagemaker:CreateEndpointConfig" narrow,
        CREATE_MODEL = "sagemaker:CreateModel" narrow,
        CREATE_MODEL_PACKAGE = "sagemaker:CreateModelPackage" narrow,
        CREATE_PRESIGNED_NOTEBOOK_INSTANCE_URL = "sagemaker:CreatePresignedNotebookInstanceUrl" narrow,
        CREATE_TRAINING_JOB = "sagemaker:CreateTrainingJob" narrow,
        DESCRIBE_ENDPOINT = "sagemaker:DescribeEndpoint" narrow,
        DESCRIBE_ENDPOINT_CONFIG = "sagemaker:DescribeEndpointConfig" narrow,
        DESCRIBE_MODEL_PACKAGE = "sagemaker:DescribeModelPackage" narrow,
        DESCRIBE_TRAINING_JOB = "sagemaker:DescribeTrainingJob" narrow,
        INVOKE_ENDPOINT = "sagemaker:InvokeEndpoint" narrow,
        LIST_TRAINING_JOBS = "sagemaker:ListTrainingJobs" any,
        STOP_TRAINING_JOB = "sagemaker:StopTrainingJob" narrow,
        UPDATE_ENDPOINT = "sagemaker:UpdateEndpoint" narrow,
    }
    scheduler {
        CREATE_SCHEDULE = "scheduler:CreateSchedule" narrow,
        DELETE_SCHEDULE = "scheduler:DeleteSchedule" narrow,
        GET_SCHEDULE = "scheduler:GetSchedule" narrow,
    }
    secretsmanager {
        DESCRIBE_SECRET = "secretsmanager:DescribeSecret" narrow,
        GET_RANDOM_PASSWORD = "secretsmanager:GetRandomPassword" any,
        GET_SECRET_VALUE = "secretsmanager:GetSecretValue" narrow,
        PUT_SECRET_VALUE = "secretsmanager:PutSecretValue" narrow,
        UPDATE_SECRET_VERSION_STAGE = "secretsmanager:UpdateSecretVersionStage" narrow,
    }
    sns {
        GET_TOPIC_ATTRIBUTES = "sns:GetTopicAttributes" narrow,
        PUBLISH = "sns:Publish" narrow,
        SET_TOPIC_ATTRIBUTES = "sns:SetTopicAttributes" narrow,
        SUBSCRIBE = "sns:Subscribe" narrow,
    }
    sqs {
        CHANGE_MESSAGE_VISIBILITY = "sqs:ChangeMessageVisibility" narrow,
        DELETE_MESSAGE = "sqs:DeleteMessage" narrow,
        GET_QUEUE_ATTRIBUTES = "sqs:GetQueueAttributes" narrow,
        GET_QUEUE_URL = "sqs:GetQueueUrl" narrow,
        RECEIVE_MESSAGE = "sqs:ReceiveMessage" narrow,
        SEND_MESSAGE = "sqs:SendMessage" narrow,
    }
    ssm {
        DESCRIBE_ASSOCIATION = "ssm:DescribeAssociation" narrow,
        DESCRIBE_DOCUMENT = "ssm:DescribeDocument" narrow,
        DESCRIBE_INSTANCE_INFORMATION = "ssm:DescribeInstanceInformation" any,
        GET_COMMAND_INVOCATION = "ssm:GetCommandInvocation" any,
        GET_DEPLOYABLE_PATCH_SNAPSHOT_FOR_INSTANCE = "ssm:GetDeployablePatchSnapshotForInstance" any,
        GET_DOCUMENT = "ssm:GetDocument" narrow,
        GET_MANIFEST = "ssm:GetManifest" any,
        GET_PARAMETER = "ssm:GetParameter" narrow,
        GET_PARAMETERS = "ssm:GetParameters" narrow,
        GET_PARAMETERS_BY_PATH = "ssm:GetParametersByPath" narrow,
        LIST_ASSOCIATIONS = "ssm:ListAssociations" any,
        LIST_COMMANDS = "ssm:ListCommands" any,
        LIST_INSTANCE_ASSOCIATIONS = "ssm:ListInstanceAssociations" any,
        PUT_COMPLIANCE_ITEMS = "ssm:PutComplianceItems" any,
        PUT_CONFIGURE_PACKAGE_RESULT = "ssm:PutConfigurePackageResult" any,
        PUT_INVENTORY = "ssm:PutInventory" any,
        PUT_PARAMETER = "ssm:PutParameter" narrow,
        SEND_COMMAND = "ssm:SendCommand" narrow,
        UPDATE_ASSOCIATION_STATUS = "ssm:UpdateAssociationStatus" narrow,
        UPDATE_INSTANCE_ASSOCIATION_STATUS = "ssm:UpdateInstanceAssociationStatus" narrow,
        UPDATE_INSTANCE_INFORMATION = "ssm:UpdateInstanceInformation" any,
    }
    ssmmessages {
        CREATE_CONTROL_CHANNEL = "ssmmessages:CreateControlChannel" any,
        CREATE_DATA_CHANNEL = "ssmmessages:CreateDataChannel" any,
        OPEN_CONTROL_CHANNEL = "ssmmessages:OpenControlChannel" any,
        OPEN_DATA_CHANNEL = "ssmmessages:OpenDataChannel" any,
    }
    states {
        DESCRIBE_EXECUTION = "states:DescribeExecution" narrow,
        GET_EXECUTION_HISTORY = "states:GetExecutionHistory" narrow,
        SEND_TASK_FAILURE = "states:SendTaskFailure" any,
        SEND_TASK_HEARTBEAT = "states:SendTaskHeartbeat" any,
        SEND_TASK_SUCCESS = "states:SendTaskSuccess" any,
        START_EXECUTION = "states:StartExecution" narrow,
        STOP_EXECUTION = "states:StopExecution" narrow,
    }
    sts {
        ASSUME_ROLE = "sts:AssumeRole" narrow,
        ASSUME_ROLE_WITH_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity" narrow,
        GET_CALLER_IDENTITY = "sts:GetCallerIdentity" any,
        TAG_SESSION = "sts:TagSession" narrow,
    }
    tag {
        GET_RESOURCES = "tag:GetResources" any,
    }
    xray {
        GET_SAMPLING_RULES = "xray:GetSamplingRules" any,
        GET_SAMPLING_STATISTIC_SUMMARIES = "xray:GetSamplingStatisticSummaries" any,
        GET_SAMPLING_TARGETS = "xray:GetSamplingTargets" any,
        PUT_TELEMETRY_RECORDS = "xray:PutTelemetryRecords" any,
        PUT_TRACE_SEGMENTS = "xray:PutTraceSegments" any,
    }
}
