import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { ApiClient } from '../../control-plane/api-client.ts';
import { eventually } from './eventually.ts';

/** What the API server shall refuse, although it may be right. */
export interface Refusal {
  readonly apiGroup: string;
  readonly resource: string;
  readonly operations: readonly ('CREATE' | 'UPDATE' | 'DELETE')[];
  /** CEL; what it is false for is refused. */
  readonly expression: string;
  readonly message: string;
  /** In this namespace only. */
  readonly namespace?: string;
}

const GROUP = 'admissionregistration.k8s.io/v1';
const POLICIES = `/apis/${GROUP}/validatingadmissionpolicies`;
const BINDINGS = `/apis/${GROUP}/validatingadmissionpolicybindings`;

/**
 * Has the API server refuse something, by an admission policy.
 *
 * @param probe a request that is to be refused; the policy is in force when it is
 * @returns ends the refusal
 */
export async function refuse(admin: ApiClient, refusal: Refusal, probe: () => Promise<unknown>): Promise<() => Promise<void>> {
  const { apiGroup, resource, operations, expression, message, namespace } = refusal;
  const name = `refusal-${randomUUID()}`;
  const rule = { apiGroups: [apiGroup], apiVersions: ['*'], operations, resources: [resource] };
  const spec = { matchConstraints: { resourceRules: [rule] }, validations: [{ expression, message }] };
  const where = namespace ? { matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } } } : {};
  await admin.request({ method: 'POST', path: POLICIES, body: { metadata: { name }, spec } });
  await admin.request({
    method: 'POST',
    path: BINDINGS,
    body: { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'], ...where } },
  });
  await eventually(async () => {
    const answer = await probe().then(
      () => 'accepted',
      (error: Error) => error.message,
    );
    expect(answer).to.include(message);
  });
  return async () => {
    await admin.request({ method: 'DELETE', path: `${BINDINGS}/${name}` });
    await admin.request({ method: 'DELETE', path: `${POLICIES}/${name}` });
  };
}
