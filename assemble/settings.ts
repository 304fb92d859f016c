import type { Rejection } from '../api/rejection.ts';

/** The parsed ConfigMap `inferenceservice-config` (R2.1 - R2.5, R3.200 - R3.202). */
export interface Settings {
  readonly ingress: IngressSettings;
  readonly storage: StorageSettings;
  readonly credentials: CredentialSettings;
  /** Annotation keys for certificate expiry: the first is written, all are read (R2.5). */
  readonly expirationAnnotations: readonly string[];
  /**
   * Absent when the key `autoscaling-wva-controller-config` is absent. One that cannot be read concerns only the services that need it
   * (06 §12 item 15).
   */
  readonly autoscaling?: AutoscalingSettings | Rejection;
  /** The raw JSON document of `autoscaling-metrics-adapter-config`, when there is one (R2.2a). */
  readonly metricsAdapter?: unknown;
}

export interface IngressSettings {
  readonly gatewayNamespace: string;
  readonly gatewayName: string;
  readonly urlScheme: string;
  readonly enableTLS: boolean;
  readonly modelBasedRoutingHeaderName: string;
  readonly modelBasedRoutingMode: 'enabled' | 'forced' | 'disabled';
  /** Whether routes may not state time-outs, because the gateway knows none (B5.23). */
  readonly disableRouteTimeouts: boolean;
}

export interface StorageSettings {
  readonly image: string;
  readonly cpuRequest: string;
  readonly cpuLimit: string;
  readonly memoryRequest: string;
  readonly memoryLimit: string;
  /** Defaulted to 10m / 15Mi. */
  readonly cpuModelcar: string;
  readonly memoryModelcar: string;
  readonly uidModelcar?: number;
  /** The mode as configured, `''` when unset; decides the advisory condition (R3.245). */
  readonly configuredOciMode: '' | 'modelcar' | 'native' | 'fetch';
  /** Effective mode (R3.201). */
  readonly ociMode: 'disabled' | 'modelcar' | 'native' | 'fetch';
  readonly caBundleConfigMapName: string;
  readonly caBundleVolumeMountPath: string;
}

export interface CredentialSettings {
  readonly storageSecretNameAnnotation: string;
  readonly gcsCredentialFileName: string;
  readonly s3: {
    readonly accessKeyIdName: string;
    readonly secretAccessKeyName: string;
    readonly endpoint: string;
    readonly useHttps: string;
    readonly region: string;
    readonly verifySSL: string;
    readonly useVirtualBucket: string;
    readonly useAccelerate: string;
    readonly useAnonymousCredential: string;
    readonly caBundleConfigMap: string;
    readonly caBundle: string;
  };
}

export interface AutoscalingSettings {
  readonly prometheus: {
    readonly url: string;
    readonly tlsInsecureSkipVerify: boolean;
    readonly authModes: string;
    readonly triggerAuthName: string;
    /** `''` leaves it to KEDA, which then assumes TriggerAuthentication (R6.10). */
    readonly triggerAuthKind: '' | 'TriggerAuthentication' | 'ClusterTriggerAuthentication';
    /** Label by which the series of a namespace are found; `exported_namespace` unless set (06 §12 item 18). */
    readonly namespaceLabel: string;
  };
}

/**
 * Thrown where a section is read that the ConfigMap does not hold in a readable form and never did as far as this process knows. An
 * exception, because only the reading tells who needs a section: everybody else goes on.
 */
export class UnreadableSettings extends Error {
  override readonly name = 'UnreadableSettings';
}
