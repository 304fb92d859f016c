import type { LLMInferenceServiceSpec } from '../api/types.ts';

const RULES = 'spec.router.route.http.spec.rules';

/**
 * A route spec without rules, which the API server gives one that leads nowhere. It takes the place of the preset's rules, so hostnames
 * or parents alone make a service that nobody can reach (B5.14). Admission says nothing, as the reference does.
 */
export function warnOfRoute({ router }: LLMInferenceServiceSpec): string[] {
  const rules = router?.route?.http?.spec?.rules ?? [];
  const leadsNowhere = rules.every(({ backendRefs = [], filters = [] }) => backendRefs.length === 0 && filters.length === 0);
  if (rules.length === 0 || !leadsNowhere) return [];
  return [
    `${RULES}: no rule has a backend, and these rules take the place of the preset's: requests are answered with errors; state rules with backends`,
  ];
}
