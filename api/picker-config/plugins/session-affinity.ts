import { choice, fields, list } from '../shapes.ts';

/** Parameters that the filter and the scorer for session affinity have in common (04b §3.1, §3.2). */
export const sessionAffinity = {
  strategy: choice('encoded_endpoint_header', 'session_id'),
  encodedEndpointHeaderConfig: fields({ header: 'string' }),
  sessionIdConfig: fields({ sources: list('any'), evictionTtlSeconds: 'integer', evictionSweepSeconds: 'integer' }),
  profileName: 'string',
} as const;
