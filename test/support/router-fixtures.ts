import type { Gateway, HTTPRoute, Listener, ListenerStatus, ObservedCondition } from '../../api/gateway-api.ts';
import { kinds, POOL_GROUP_V1 } from '../../api/kinds.ts';
import type { Condition, OwnerReference, Service } from '../../api/kubernetes.ts';
import { annotations } from '../../api/metadata.ts';
import { childName } from '../../api/names.ts';
import { defaultOptions, type Options } from '../../api/options.ts';
import type {
  BackendRef,
  HTTPRouteMatch,
  HTTPRouteRule,
  LLMInferenceService,
  LLMInferenceServiceSpec,
  LLMInferenceServiceStatus,
  ParentReference,
} from '../../api/types.ts';
import type { IngressSettings, Settings } from '../../assemble/settings.ts';
import type { Context } from '../../render/children.ts';

export const HEADER = 'X-Gateway-Model-Name';

export function ingress(overrides: Partial<IngressSettings> = {}): IngressSettings {
  return {
    gatewayNamespace: 'kserve',
    gatewayName: 'kserve-ingress-gateway',
    urlScheme: 'http',
    enableTLS: true,
    modelBasedRoutingHeaderName: HEADER,
    modelBasedRoutingMode: 'enabled',
    disableRouteTimeouts: false,
    ...overrides,
  };
}

interface ServiceOverrides {
  name?: string;
  namespace?: string;
  annotations?: Record<string, string>;
  deletionTimestamp?: string;
  spec?: LLMInferenceServiceSpec;
  status?: LLMInferenceServiceStatus;
}

export function service({ name = 'llama', namespace = 'ns', spec, status, ...metadata }: ServiceOverrides = {}): LLMInferenceService {
  return {
    apiVersion: kinds.service.apiVersion,
    kind: kinds.service.kind,
    metadata: { name, namespace, uid: `uid-of-${name}`, ...metadata },
    ...(spec ? { spec } : {}),
    ...(status ? { status } : {}),
  };
}

interface ContextOverrides extends ServiceOverrides {
  ingress?: Partial<IngressSettings>;
  options?: Partial<Options>;
  stopped?: boolean;
}

/** A context whose effective spec is the stored one, with the annotation that the presets bring along. */
export function context({ ingress: ingressOverrides, options, stopped = false, ...overrides }: ContextOverrides = {}): Context {
  const stored = service(overrides);
  return {
    service: stored as Context['service'],
    spec: { annotations: { [annotations.modelBasedRouting]: 'true' }, ...overrides.spec },
    adapters: [],
    settings: { ingress: ingress(ingressOverrides) } as Settings,
    options: { ...defaultOptions, ...options },
    now: Date.parse('2026-01-01T00:00:00Z'),
    stopped,
  };
}

export const poolBackend = (name: string, group: string = POOL_GROUP_V1): BackendRef => ({
  group,
  kind: 'InferencePool',
  name,
  port: 8000,
  weight: 1,
});
export const serviceBackend = (name: string): BackendRef => ({ kind: 'Service', name, port: 8000, weight: 1 });

/** The rules of the route preset (R5.29) for a service with a managed scheduler. */
export function presetRules(namespace: string, name: string, model = name): HTTPRouteRule[] {
  const pool = [poolBackend(childName(name, '-inference-pool'))];
  const workload = [serviceBackend(childName(name, '-kserve-workload-svc'))];
  const timeouts = { request: '0s', backendRequest: '0s' };
  const endpoints = ['completions', 'chat/completions', 'responses', 'messages'];
  const headers = [{ name: HEADER, type: 'Exact', value: `publishers/${namespace}/models/${model}` }];
  const rewritten = (ruleName: string, prefix: string, target: string, backendRefs: BackendRef[]): HTTPRouteRule => ({
    name: ruleName,
    matches: [{ path: { type: 'PathPrefix', value: prefix } }],
    filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: target } } }],
    backendRefs,
    timeouts,
  });
  const perEndpoint = (prefix: string, suffix: string): HTTPRouteRule[] =>
    endpoints.map((e) => rewritten(`v1-${e.replace('/', '-')}-${suffix}`, `${prefix}/v1/${e}`, `/v1/${e}`, pool));
  return [
    ...perEndpoint(`/${namespace}/${name}`, 'path'),
    {
      name: 'v1-model-routing',
      matches: endpoints.flatMap((e) => [`/v1/${e}`, `/v1/${e}/`]).map((value) => ({ path: { type: 'Exact', value }, headers })),
      backendRefs: pool,
      timeouts,
    },
    ...perEndpoint(`/publishers/${namespace}/models/${model}`, 'publisher-path'),
    rewritten('v1-publisher-path-catch-all', `/publishers/${namespace}/models/${model}`, '/', workload),
    rewritten('v1-catch-all-path', `/${namespace}/${name}`, '/', workload),
    { name: 'v1-catch-all-model-routing', matches: [{ headers }], backendRefs: workload, timeouts },
  ];
}

export const defaultParent: ParentReference = {
  group: 'gateway.networking.k8s.io',
  kind: 'Gateway',
  name: 'kserve-ingress-gateway',
  namespace: 'kserve',
};

export const listener = (name: string, protocol: string, port: number, hostname?: string): Listener => ({
  name,
  protocol,
  port,
  ...(hostname === undefined ? {} : { hostname }),
});

interface GatewayOverrides {
  name?: string;
  namespace?: string;
  listeners?: Listener[];
  addresses?: string[];
  annotations?: Record<string, string>;
  conditions?: ObservedCondition[];
  listenerStatus?: ListenerStatus[];
  generation?: number;
}

/** A Gateway with one HTTP:80 listener; by default it has neither address nor condition. */
export function gateway({
  name = 'kserve-ingress-gateway',
  namespace = 'kserve',
  listeners = [listener('http', 'HTTP', 80)],
  addresses = [],
  conditions,
  listenerStatus,
  ...metadata
}: GatewayOverrides = {}): Gateway {
  return {
    apiVersion: kinds.gateway.apiVersion,
    kind: kinds.gateway.kind,
    metadata: { name, namespace, ...metadata },
    spec: { gatewayClassName: 'istio', listeners },
    status: {
      addresses: addresses.map((value) => ({ value })),
      ...(conditions ? { conditions } : {}),
      ...(listenerStatus ? { listeners: listenerStatus } : {}),
    },
  };
}

export const programmed: ObservedCondition = { type: 'Programmed', status: 'True', reason: 'Programmed' };

interface RouteOverrides {
  name?: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  generation?: number;
  ownerReferences?: OwnerReference[];
  parentRefs?: ParentReference[];
  hostnames?: string[];
  rules?: HTTPRouteRule[];
  parents?: NonNullable<HTTPRoute['status']>['parents'];
}

export function httpRoute({ name = 'route', namespace = 'ns', parentRefs, hostnames, rules, parents, ...metadata }: RouteOverrides = {}): HTTPRoute {
  return {
    apiVersion: kinds.httpRoute.apiVersion,
    kind: kinds.httpRoute.kind,
    metadata: { name, namespace, ...metadata },
    spec: { ...(parentRefs ? { parentRefs } : {}), ...(hostnames ? { hostnames } : {}), ...(rules ? { rules } : {}) },
    ...(parents ? { status: { parents } } : {}),
  };
}

/** A rule with one match on a path. */
export function rule(path: string, backend?: BackendRef, match: Partial<HTTPRouteMatch> = {}): HTTPRouteRule {
  return { matches: [{ path: { type: 'PathPrefix', value: path }, ...match }], ...(backend ? { backendRefs: [backend] } : {}) };
}

export const header = (name: string, value = 'x') => ({ headers: [{ name, type: 'Exact', value }] });

export function condition(type: string, status: Condition['status'], reason = '', observedGeneration?: number): ObservedCondition {
  return { type, status, reason, message: '', ...(observedGeneration === undefined ? {} : { observedGeneration }) };
}

export function coreService(name: string, namespace: string, options: { labels?: Record<string, string>; ports?: number[] } = {}): Service {
  const { labels, ports } = options;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, ...(labels ? { labels } : {}) },
    spec: { ...(ports ? { ports: ports.map((port) => ({ port })) } : {}) },
  };
}
