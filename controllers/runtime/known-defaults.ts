import type { Kind } from '../../api/kinds.ts';
import { kinds } from '../../api/kinds.ts';
import { KEDA_ANNOTATIONS, labels, SCALED_OBJECT_LABEL } from '../../api/metadata.ts';
import { podTemplate, templateMetadata } from './pod-shape.ts';
import type { Json, Shape } from './shape.ts';

const shared: Shape = { shared: true };

const metadata: Shape = {
  assigned: [
    'uid',
    'resourceVersion',
    'generation',
    'generateName',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'managedFields',
    'selfLink',
  ],
  fields: {
    labels: shared,
    annotations: shared,
    ownerReferences: { sharedBy: (reference) => String(reference.uid) },
    finalizers: { sharedBy: String },
  },
};

const RBAC = 'rbac.authorization.k8s.io';
const quantityTarget: Shape = { fields: { value: { quantity: true }, averageValue: { quantity: true } } };
const metricSource: Shape = { fields: { target: quantityTarget } };
const scalingRules = (defaults: Json): Shape => ({ defaults });

const binding: Shape = {
  fields: {
    roleRef: { defaults: { apiGroup: RBAC } },
    subjects: { items: { defaults: { apiGroup: (s: Json) => (s.kind === 'ServiceAccount' ? '' : RBAC) } } },
  },
};

const byName = (reference: Json): string => String(reference.name);

const backendRef: Shape = { defaults: { group: '', kind: 'Service', weight: 1 } };
const filter: Shape = {
  fields: {
    requestRedirect: { defaults: { statusCode: 302 } },
    requestMirror: { fields: { backendRef: { defaults: { group: '', kind: 'Service' } }, fraction: { defaults: { denominator: 100 } } } },
    cors: { defaults: { maxAge: 5 } },
  },
};
const PREFIX = { type: 'PathPrefix', value: '/' };
const match: Shape = {
  defaults: { path: PREFIX },
  fields: {
    path: { defaults: PREFIX },
    headers: { items: { defaults: { type: 'Exact' } } },
    queryParams: { items: { defaults: { type: 'Exact' } } },
  },
};
const filters: Shape = { items: filter };

const pool = (field: string): Shape => ({
  fields: {
    spec: { defaults: { appProtocol: 'http' }, fields: { [field]: { defaults: { group: '', kind: 'Service', failureMode: 'FailClose' } } } },
  },
});

const device: Shape = {
  defaults: { allocationMode: 'ExactCount', count: (d: Json) => ((d.allocationMode ?? 'ExactCount') === 'ExactCount' ? 1 : undefined) },
  zero: ['adminAccess'],
  fields: {
    capacity: { fields: { requests: { values: { quantity: true } } } },
    tolerations: { items: { defaults: { operator: 'Equal' } } },
  },
};

/** Labels and annotations by which KEDA and its users steer a ScaledObject (R6.31, 06 §12 item 6). */
const steersKeda = (key: string): boolean => key === SCALED_OBJECT_LABEL || key.startsWith(KEDA_ANNOTATIONS);

const scaleOut = { stabilizationWindowSeconds: 0, selectPolicy: 'Max' };
const scaleIn = { selectPolicy: 'Max' };

const shapes = new Map<Kind, Shape>([
  [
    kinds.deployment,
    {
      fields: {
        spec: {
          assigned: ['replicas'],
          zero: ['minReadySeconds', 'paused'],
          defaults: { revisionHistoryLimit: 10, progressDeadlineSeconds: 600 },
          fields: {
            strategy: {
              defaults: {
                type: 'RollingUpdate',
                rollingUpdate: (s: Json) =>
                  (s.type ?? 'RollingUpdate') === 'RollingUpdate' ? { maxSurge: '25%', maxUnavailable: '25%' } : undefined,
              },
              fields: { rollingUpdate: { defaults: { maxSurge: '25%', maxUnavailable: '25%' } } },
            },
            template: podTemplate,
          },
        },
      },
    },
  ],
  [
    kinds.leaderWorkerSet,
    {
      fields: {
        spec: {
          assigned: ['replicas'],
          defaults: { startupPolicy: 'LeaderCreated', networkConfig: { subdomainPolicy: 'Shared' } },
          fields: {
            rolloutStrategy: {
              defaults: { type: 'RollingUpdate' },
              fields: { rollingUpdateConfiguration: { defaults: { maxUnavailable: 1, maxSurge: 0, partition: 0 } } },
            },
            networkConfig: { defaults: { subdomainPolicy: 'Shared' } },
            leaderWorkerTemplate: {
              defaults: { size: 1, restartPolicy: 'RecreateGroupOnPodRestart' },
              fields: {
                leaderTemplate: podTemplate,
                workerTemplate: podTemplate,
                subGroupPolicy: { defaults: { subGroupPolicyType: 'LeaderWorker' } },
              },
            },
          },
        },
      },
    },
  ],
  [
    kinds.coreService,
    {
      fields: {
        spec: {
          assigned: ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'healthCheckNodePort'],
          zero: ['publishNotReadyAddresses'],
          defaults: {
            type: 'ClusterIP',
            sessionAffinity: 'None',
            internalTrafficPolicy: 'Cluster',
            externalTrafficPolicy: 'Cluster',
            allocateLoadBalancerNodePorts: true,
          },
          fields: {
            ports: { items: { assigned: ['nodePort'], defaults: { protocol: 'TCP', targetPort: (p: Json) => p.port } } },
            sessionAffinityConfig: { fields: { clientIP: { defaults: { timeoutSeconds: 10800 } } } },
          },
        },
      },
    },
  ],
  [kinds.secret, { defaults: { type: 'Opaque' } }],
  [
    kinds.serviceAccount,
    // Token controllers and administrators add to these lists (B3.3).
    { fields: { secrets: { sharedBy: byName }, imagePullSecrets: { sharedBy: byName } } },
  ],
  [kinds.roleBinding, binding],
  [kinds.clusterRoleBinding, binding],
  [
    kinds.horizontalPodAutoscaler,
    {
      fields: {
        spec: {
          defaults: { minReplicas: 1 },
          fields: {
            metrics: {
              items: {
                fields: {
                  resource: metricSource,
                  containerResource: metricSource,
                  pods: metricSource,
                  object: metricSource,
                  external: metricSource,
                },
              },
            },
            behavior: { fields: { scaleUp: scalingRules(scaleUpDefaults()), scaleDown: scalingRules(scaleDownDefaults()) } },
          },
        },
      },
    },
  ],
  [kinds.scaledObject, { fields: { spec: { fields: { fallback: { defaults: { behavior: 'static' } } } } } }],
  [kinds.inferencePool, pool('endpointPickerRef')],
  [kinds.inferencePoolAlpha, pool('extensionRef')],
  [
    kinds.httpRoute,
    {
      fields: {
        spec: {
          defaults: { rules: [{ matches: [{ path: PREFIX }] }] },
          fields: {
            parentRefs: { items: { defaults: { group: 'gateway.networking.k8s.io', kind: 'Gateway' } } },
            rules: {
              items: {
                defaults: { matches: [{ path: PREFIX }] },
                fields: { matches: { items: match }, backendRefs: { items: { ...backendRef, fields: { filters } } }, filters },
              },
            },
          },
        },
      },
    },
  ],
  [
    kinds.resourceClaimTemplate,
    {
      fields: {
        spec: {
          fields: {
            metadata: templateMetadata,
            spec: { fields: { devices: { fields: { requests: { items: { fields: { exactly: device, firstAvailable: { items: device } } } } } } } },
          },
        },
      },
    },
  ],
]);

function scaleUpDefaults(): Json {
  const policies = [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ];
  return { ...scaleOut, policies };
}

function scaleDownDefaults(): Json {
  return { ...scaleIn, policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };
}

/** Kinds whose labels and annotations are ours alone but for some keys: whatever reads them acts on what it finds there (R6.30). */
const steeredKinds: readonly Kind[] = [kinds.horizontalPodAutoscaler, kinds.scaledObject];

/**
 * What the API server (or the schema of a CRD) makes of fields that are left out, for a whole object of the kind. Kinds without
 * an entry have no defaults we know of; then, and where a version adds a default, the applier finds out with one write.
 *
 * @param kept prefixes of the labels and annotations that others may write even where these are ours alone
 */
export function shapeOf(kind: Kind, kept: readonly string[] = []): Shape {
  const shape = shapes.get(kind) ?? {};
  return { ...shape, assigned: ['status'], fields: { ...shape.fields, metadata: metadataOf(kind, kept) } };
}

function metadataOf(kind: Kind, kept: readonly string[]): Shape {
  if (steeredKinds.includes(kind)) return steered(kept);
  // Peers and users find the members of a group by this label, so nobody else may put a route there (R5.43).
  return kind === kinds.httpRoute
    ? { ...metadata, fields: { ...metadata.fields, labels: { shared: (key) => key !== labels.routingGroup } } }
    : metadata;
}

function steered(kept: readonly string[]): Shape {
  const shared = (key: string): boolean => steersKeda(key) || kept.some((prefix) => key.startsWith(prefix));
  return { ...metadata, fields: { ...metadata.fields, labels: { shared }, annotations: { shared } } };
}
