import type { Json, Shape } from './shape.ts';

/** Labels and annotations belong to everybody. */
const shared: Shape = { shared: true };

/** Metadata of a template: of pods, claims. */
export const templateMetadata: Shape = { fields: { labels: shared, annotations: shared } };

const quantities: Shape = { values: { quantity: true } };
const fieldRef: Shape = { defaults: { apiVersion: 'v1' } };
const httpGet: Shape = { defaults: { path: '/', scheme: 'HTTP' } };
const handler: Shape = { fields: { httpGet } };
const resourceFieldRef: Shape = { defaults: { divisor: '0' }, fields: { divisor: { quantity: true } } };

const probe: Shape = {
  defaults: { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
  zero: ['initialDelaySeconds'],
  fields: { httpGet },
};

/** `Always` for the tag `latest`, said or implied; a digest implies no tag. */
function pullPolicyOf(image: unknown): string {
  const [name = '', digest] = String(image ?? '').split('@');
  const tag = /:([^:/]+)$/.exec(name)?.[1];
  return tag === 'latest' || (tag === undefined && digest === undefined) ? 'Always' : 'IfNotPresent';
}

const container: Shape = {
  defaults: {
    imagePullPolicy: (c: Json) => pullPolicyOf(c.image),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  },
  zero: ['stdin', 'stdinOnce', 'tty'],
  fields: {
    ports: { items: { defaults: { protocol: 'TCP' }, zero: ['hostPort'] } },
    env: { items: { fields: { valueFrom: { fields: { fieldRef, resourceFieldRef, fileKeyRef: { defaults: { optional: false } } } } } } },
    resources: { fields: { limits: quantities, requests: quantities } },
    volumeMounts: { items: { zero: ['readOnly'] } },
    livenessProbe: probe,
    readinessProbe: probe,
    startupProbe: probe,
    lifecycle: { fields: { postStart: handler, preStop: handler } },
  },
};

const DEFAULT_MODE = { defaults: { defaultMode: 0o644 } } satisfies Shape;
const downwardItems: Shape = { items: { fields: { fieldRef, resourceFieldRef } } };

export const claimSpec: Shape = {
  defaults: { volumeMode: 'Filesystem' },
  fields: { resources: { fields: { requests: quantities, limits: quantities } } },
};

const volume: Shape = {
  fields: {
    secret: DEFAULT_MODE,
    configMap: DEFAULT_MODE,
    downwardAPI: { ...DEFAULT_MODE, fields: { items: downwardItems } },
    projected: {
      ...DEFAULT_MODE,
      fields: {
        sources: {
          items: {
            fields: {
              serviceAccountToken: { defaults: { expirationSeconds: 3600 } },
              downwardAPI: { fields: { items: downwardItems } },
            },
          },
        },
      },
    },
    emptyDir: { fields: { sizeLimit: { quantity: true } } },
    persistentVolumeClaim: { zero: ['readOnly'] },
    image: { defaults: { pullPolicy: (i: Json) => pullPolicyOf(i.reference) } },
    csi: { zero: ['readOnly'] },
    ephemeral: { fields: { volumeClaimTemplate: { fields: { metadata: templateMetadata, spec: claimSpec } } } },
  },
};

const podSpec: Shape = {
  defaults: {
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    terminationGracePeriodSeconds: 30,
    /** The old name of the field is kept in step with the new one. */
    serviceAccount: (spec: Json) => spec.serviceAccountName,
  },
  zero: ['hostNetwork', 'hostPID', 'hostIPC'],
  fields: {
    containers: { items: container },
    initContainers: { items: container },
    volumes: { items: volume },
    overhead: quantities,
    resources: { fields: { limits: quantities, requests: quantities } },
  },
};

export const podTemplate: Shape = { fields: { metadata: templateMetadata, spec: podSpec } };
