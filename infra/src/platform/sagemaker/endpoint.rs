//! The model behind an endpoint: serverless, or on instances that scale with the load. Both appear
//! once the stack names an image and a model, in the second phase of a first deployment.

use crate::aws::{appautoscaling, ecr, sagemaker};
use crate::config::Endpoint;
use crate::graph::{Options, Scope};
use crate::platform::archive::Buckets;
use crate::platform::context::Context;
use crate::platform::keys::Keys;
use crate::platform::roles::Role;
use crate::text;

const VARIANT: &str = "main";

/// Declares the endpoint, if there is one.
pub(super) fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    buckets: &Buckets,
    repository: &ecr::Repository,
    role: &Role,
) -> Option<sagemaker::Endpoint> {
    let settings = &context.config.sagemaker;
    let (image, artefact) = (settings.image.as_ref()?, settings.model.as_ref()?);
    if settings.endpoint == Endpoint::None {
        return None;
    }
    let options = role.before(
        Options::new(),
        "creating the model reads image and artefact",
    );
    // No physical names: both are replaced when they change, and the new one must stand beside the
    // old while the endpoint moves.
    let model = scope.declare_with(
        "model",
        sagemaker::ModelArgs::new(role.arn())
            .enable_network_isolation(true)
            .primary_container(
                sagemaker::ModelPrimaryContainer::new()
                    .image(super::image(repository, image))
                    .model_data_url(text!("s3://", buckets.models.name(), "/", artefact)),
            ),
        options,
    );
    let instances = settings.endpoint == Endpoint::Instances;
    let variant = sagemaker::EndpointConfigurationProductionVariant::new()
        .variant_name(VARIANT)
        .model_name(model.name());
    let variant = if instances {
        variant
            .instance_type(settings.instances.instance_type.as_str())
            .initial_instance_count(settings.instances.minimum)
            .initial_variant_weight(1.0)
    } else {
        // A serverless variant takes no VPC, no volume and no key.
        variant.serverless_config(
            sagemaker::EndpointConfigurationProductionVariantServerlessConfig::new(
                sagemaker::EndpointConfigurationProductionVariantServerlessConfigRequired {
                    max_concurrency: settings.serverless.maximum_concurrency.into(),
                    memory_size_in_mb: settings.serverless.memory_mib.into(),
                },
            ),
        )
    };
    let mut configuration = sagemaker::EndpointConfigurationArgs::new([variant]);
    if let Some(keys) = keys {
        configuration = configuration.kms_key_arn(keys.data.arn());
    }
    let configuration = scope.declare("model", configuration);
    let endpoint = scope.declare_with(
        "model",
        sagemaker::EndpointArgs::new(configuration.name()).name(context.name("model")),
        // Autoscaling owns the number of instances; it is no input of the endpoint.
        Options::new(),
    );
    if instances {
        autoscaling(scope, context, &endpoint);
    }
    Some(endpoint)
}

fn autoscaling(scope: &Scope<'_>, context: &Context<'_>, endpoint: &sagemaker::Endpoint) {
    let limits = &context.config.sagemaker.instances;
    let target = scope.declare_with(
        "model",
        appautoscaling::TargetArgs::new(appautoscaling::TargetRequired {
            max_capacity: limits.maximum.into(),
            min_capacity: limits.minimum.into(),
            resource_id: text!("endpoint/", context.name("model"), "/variant/", VARIANT),
            scalable_dimension: "sagemaker:variant:DesiredInstanceCount".into(),
            service_namespace: "sagemaker".into(),
        }),
        Options::new().after(
            endpoint,
            "the variant exists once its endpoint is in service",
        ),
    );
    scope.declare(
        "model",
        appautoscaling::PolicyArgs::new(appautoscaling::PolicyRequired {
            resource_id: target.resource_id(),
            scalable_dimension: target.scalable_dimension(),
            service_namespace: target.service_namespace(),
        })
        .name(context.name("model-invocations"))
        .policy_type("TargetTrackingScaling")
        .target_tracking_scaling_policy_configuration(
            appautoscaling::PolicyTargetTrackingScalingPolicyConfiguration::new(500.0)
                .predefined_metric_specification(
                    appautoscaling::PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification::new(
                        "SageMakerVariantInvocationsPerInstance",
                    ),
                )
                .scale_in_cooldown(600)
                .scale_out_cooldown(60),
        ),
    );
}
