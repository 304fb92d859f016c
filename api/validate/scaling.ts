import { type FieldError, forbidden, invalid, required } from '../field-error.ts';
import type { KEDAScalingSpec, LLMInferenceServiceSpec, ScalingSpec, WorkloadSpec, WVASpec } from '../types.ts';

/** Checks the autoscaling of one workload (V21 - V32). */
export function validateScaling(workload: WorkloadSpec, path: string): FieldError[] {
  const { scaling } = workload;
  if (!scaling) return [];
  const at = `${path}.scaling`;
  const errors: FieldError[] = [];
  if (workload.replicas !== undefined) {
    errors.push(
      invalid(at, scaling, 'scaling and replicas are mutually exclusive; use scaling for autoscaled deployments or replicas for static deployments'),
    );
  }
  const { minReplicas, maxReplicas = 0, wva, keda } = scaling;
  if (minReplicas !== undefined && minReplicas > maxReplicas) {
    errors.push(invalid(`${at}.minReplicas`, minReplicas, `minReplicas (${minReplicas}) cannot exceed maxReplicas (${maxReplicas})`));
  }
  if (wva && keda) return [...errors, invalid(at, scaling, 'wva and keda are mutually exclusive; choose one scaling mechanism')];
  if (keda) {
    if (!keda.triggers?.length) {
      errors.push(required(`${at}.keda.triggers`, 'at least one trigger is required when using direct KEDA scaling'));
    }
    return [...errors, ...validateKeda(keda, scaling, at, `${at}.keda`)];
  }
  if (wva) return [...errors, ...validateWva(wva, scaling, at)];
  return [...errors, required(at, 'either wva or keda must be specified when scaling is configured')];
}

function validateWva(wva: WVASpec, scaling: ScalingSpec, at: string): FieldError[] {
  const errors: FieldError[] = [];
  if (wva.hpa && wva.keda) errors.push(invalid(`${at}.wva`, wva, 'hpa and keda are mutually exclusive; choose one actuator backend'));
  if (!wva.hpa && !wva.keda) errors.push(required(`${at}.wva`, 'either hpa or keda must be specified as the actuator backend'));
  if (wva.variantCost && !/^\d+(\.\d+)?$/.test(wva.variantCost)) {
    errors.push(invalid(`${at}.wva.variantCost`, wva.variantCost, 'variantCost must be a non-negative numeric string (e.g., "10", "10.0", "0.5")'));
  }
  if (wva.keda) {
    const { formula, target, activationTarget, metricType } = wva.keda.advanced?.scalingModifiers ?? {};
    if (formula || target || activationTarget || metricType) {
      errors.push(
        forbidden(`${at}.wva.keda.advanced.scalingModifiers`, 'scalingModifiers must not be set; WVA controls the scaling metric formula and logic'),
      );
    }
    errors.push(...validateKeda(wva.keda, scaling, at, `${at}.wva.keda`));
  }
  return errors;
}

function validateKeda(keda: KEDAScalingSpec, { minReplicas }: ScalingSpec, at: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (keda.advanced?.horizontalPodAutoscalerConfig?.name) {
    errors.push(
      forbidden(
        `${path}.advanced.horizontalPodAutoscalerConfig.name`,
        'horizontalPodAutoscalerConfig.name must not be set; the controller manages the HPA name',
      ),
    );
  }
  const idle = keda.idleReplicaCount;
  if (idle === undefined) return errors;
  if (minReplicas === undefined) {
    errors.push(
      required(`${at}.minReplicas`, `minReplicas is required when idleReplicaCount is set; idleReplicaCount (${idle}) must be less than minReplicas`),
    );
  } else if (idle >= minReplicas) {
    errors.push(
      invalid(
        `${path}.idleReplicaCount`,
        idle,
        `idleReplicaCount (${idle}) must be less than minReplicas (${minReplicas}); idleReplicaCount defines the replica floor when no triggers are active`,
      ),
    );
  }
  return errors;
}

/** Decode and prefill must be scaled the same way when both are scaled (R1.70). */
export function validateScalingConsistency(spec: LLMInferenceServiceSpec): FieldError[] {
  const [decode, prefill] = [spec.scaling, spec.prefill?.scaling];
  if (!decode || !prefill) return [];
  const mode = (s: ScalingSpec): string => (s.keda ? 'direct keda' : 'wva');
  if (mode(decode) !== mode(prefill)) {
    return [
      invalid(
        'spec.prefill.scaling',
        prefill,
        `decode and prefill must use the same scaling mode; decode uses ${mode(decode)} but prefill uses ${mode(prefill)}`,
      ),
    ];
  }
  if (!decode.wva || !prefill.wva) return [];
  const actuator = (w: WVASpec): string => (w.hpa ? 'hpa' : 'keda');
  if (actuator(decode.wva) === actuator(prefill.wva)) return [];
  return [
    invalid(
      'spec.prefill.scaling.wva',
      prefill.wva,
      `decode and prefill must use the same actuator backend; decode uses ${actuator(decode.wva)} but prefill uses ${actuator(prefill.wva)} — mixing backends requires two separate metric pipelines and leads to independent, unsynchronised scaling decisions`,
    ),
  ];
}
