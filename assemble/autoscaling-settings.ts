import { AUTOSCALING_SETTINGS } from '../api/metadata.ts';
import type { AutoscalingSettings } from './settings.ts';
import { asObject, InvalidSettings, parseJson } from './settings-section.ts';

type Data = Readonly<Record<string, string>>;

const AUTH_KINDS = ['', 'TriggerAuthentication', 'ClusterTriggerAuthentication'] as const;
const NAMESPACE_LABEL = 'exported_namespace';
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const KNOWN = ['url', 'tlsInsecureSkipVerify', 'authModes', 'triggerAuthName', 'triggerAuthKind', 'namespaceLabel'];

/**
 * Where the desired replicas are published, from the data of `inferenceservice-config` (R6.10, R6.11); undefined without the key.
 * Throws InvalidSettings, which concerns only the services that need it (06 §12 items 15 and 16).
 */
export function parseAutoscaling(data: Data): AutoscalingSettings | undefined {
  const text = data[AUTOSCALING_SETTINGS];
  return text === undefined ? undefined : { prometheus: parsePrometheus(text) };
}

function parsePrometheus(text: string): AutoscalingSettings['prometheus'] {
  const invalid = (detail: string) => new InvalidSettings(`failed to parse ${AUTOSCALING_SETTINGS} config json: ${detail}`);
  const value = parseJson(text);
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid('not a JSON object');
  const prometheus = asObject(asObject(value).prometheus);
  const read = (member: string): string => {
    const found = prometheus[member] ?? '';
    if (typeof found !== 'string') throw invalid(`prometheus.${member} is not a string`);
    return found;
  };
  const { tlsInsecureSkipVerify = false } = prometheus;
  if (typeof tlsInsecureSkipVerify !== 'boolean') throw invalid('prometheus.tlsInsecureSkipVerify is neither true nor false');
  const triggerAuthKind = AUTH_KINDS.find((kind) => kind === read('triggerAuthKind'));
  if (triggerAuthKind === undefined) throw invalid(`prometheus.triggerAuthKind is none of ${AUTH_KINDS.slice(1).join(', ')}`);
  const namespaceLabel = read('namespaceLabel') || NAMESPACE_LABEL;
  if (!LABEL.test(namespaceLabel)) throw invalid('prometheus.namespaceLabel is not the name of a label');
  return {
    url: read('url'),
    tlsInsecureSkipVerify,
    authModes: read('authModes'),
    triggerAuthName: read('triggerAuthName'),
    triggerAuthKind,
    namespaceLabel,
  };
}

/** Which members of a readable key nobody reads (06 §12 item 16). */
export function unreadAutoscaling(data: Data): string[] {
  const { prometheus, ...others } = asObject(parseJson(data[AUTOSCALING_SETTINGS] ?? ''));
  const unknown = Object.keys(asObject(prometheus)).filter((key) => !KNOWN.includes(key));
  const names = [...Object.keys(others), ...unknown.map((key) => `prometheus.${key}`)];
  return names.length === 0 ? [] : [`${AUTOSCALING_SETTINGS}: nothing reads ${names.join(', ')}`];
}
