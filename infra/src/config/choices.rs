//! The words a stack file may use where only a few are allowed.

use super::field::choice;

choice! {
    /// What a stack is for; it decides the defaults.
    pub enum Environment {
        /// The laptop: the local cloud, not for the engine.
        Local = "local",
        /// Development: small, cheap, short retention.
        Dev = "dev",
        /// Staging: production's shape at a smaller size.
        Staging = "staging",
        /// Production.
        Prod = "prod",
        /// One team's own environment.
        Team = "team",
    }
}

choice! {
    /// How private subnets reach the internet.
    pub enum Nat {
        /// Not at all: AWS through endpoints only.
        None = "none",
        /// One gateway for all zones.
        One = "one",
        /// One gateway per zone: a zone's failure stays in the zone.
        PerZone = "per-zone",
    }
}

choice! {
    /// An AWS service reached through an interface endpoint in the VPC.
    pub enum InterfaceEndpoint {
        /// CloudWatch metrics.
        Monitoring = "monitoring",
        /// CloudWatch Logs.
        Logs = "logs",
        /// Container registry, API.
        EcrApi = "ecr.api",
        /// Container registry, images.
        EcrDkr = "ecr.dkr",
        /// Compute API.
        Ec2 = "ec2",
        /// Session Manager's agent channel.
        Ec2Messages = "ec2messages",
        /// Kubernetes API of AWS.
        Eks = "eks",
        /// Pod identity.
        EksAuth = "eks-auth",
        /// Data stream.
        Kinesis = "kinesis-streams",
        /// Keys.
        Kms = "kms",
        /// Secrets.
        SecretsManager = "secretsmanager",
        /// Topics.
        Sns = "sns",
        /// Queues.
        Sqs = "sqs",
        /// Systems Manager.
        Ssm = "ssm",
        /// Session Manager's data channel.
        SsmMessages = "ssmmessages",
        /// State machines.
        States = "states",
        /// Temporary credentials.
        Sts = "sts",
        /// Model endpoint.
        SagemakerRuntime = "sagemaker.runtime",
    }
}

choice! {
    /// Processor architecture of functions.
    pub enum Architecture {
        /// AWS Graviton.
        Arm64 = "arm64",
        /// Intel and AMD.
        X86_64 = "x86_64",
    }
}

choice! {
    /// How node capacity is bought.
    pub enum Capacity {
        /// By the second, never taken away.
        OnDemand = "on-demand",
        /// Spare capacity, cheaper, taken away at two minutes' notice.
        Spot = "spot",
    }
}

choice! {
    /// What a remediation may do.
    pub enum RemediationMode {
        /// Nothing.
        Off = "off",
        /// Plan and report, change nothing.
        DryRun = "dry-run",
        /// Act once a person has approved.
        Approve = "approve",
        /// Act at once, within the caps.
        Automatic = "automatic",
    }
}

choice! {
    /// What scores beside the functions.
    pub enum Endpoint {
        /// Nothing: the detector loads the model itself.
        None = "none",
        /// A serverless endpoint.
        Serverless = "serverless",
        /// Instances behind an endpoint, scaled by load.
        Instances = "instances",
    }
}

choice! {
    /// A remediation of the catalogue.
    pub enum RemediationAction {
        /// Deny a hostile address in the network ACL.
        DenyAddress = "deny-address",
        /// Take a rule out of a security group.
        RevokeSecurityGroupRule = "revoke-security-group-rule",
        /// Snapshot an instance and move it into the quarantine group.
        IsolateInstance = "isolate-instance",
        /// Run an approved Systems Manager document.
        RunDocument = "run-document",
        /// Reboot an instance.
        RebootInstance = "reboot-instance",
        /// Replace an instance.
        ReplaceInstance = "replace-instance",
        /// Keep new pods off a node and move the others away.
        CordonNode = "cordon-node",
        /// Restart a Deployment.
        RestartDeployment = "restart-deployment",
        /// Roll a Deployment back.
        RollbackDeployment = "rollback-deployment",
        /// Add nodes to a node group.
        ScaleNodeGroup = "scale-node-group",
        /// Deactivate an access key.
        DeactivateAccessKey = "deactivate-access-key",
        /// Raise a stream's capacity.
        RaiseStreamCapacity = "raise-stream-capacity",
    }
}

choice! {
    /// How loud functions log.
    pub enum LogLevel {
        /// Everything.
        Debug = "DEBUG",
        /// What happened.
        Info = "INFO",
        /// What may need somebody.
        Warn = "WARN",
        /// What failed.
        Error = "ERROR",
    }
}
