import { expect } from 'chai';
import type { PolicyRule } from '../../../api/kubernetes.ts';
import { targets } from '../../../webhook/self-signed/trust.ts';
import { plainObjects } from './plain-objects.ts';

interface Role {
  kind: string;
  metadata: { name: string };
  rules: PolicyRule[];
}

const role = (name: string): Role => plainObjects<Role>('rbac.yaml').find((object) => object.metadata.name === name && object.rules !== undefined)!;
const manager = role('kserve-llmisvc-manager-role');

/** The verbs the operator has on a resource of every name. */
function verbsOn(group: string, resource: string): string[] {
  const matching = manager.rules.filter((rule) => !rule.resourceNames && rule.apiGroups?.includes(group) && rule.resources?.includes(resource));
  return matching.flatMap((rule) => rule.verbs);
}

const read = ['get', 'list', 'watch'];
const V1 = 'inference.networking.k8s.io';
const ALPHA = 'inference.networking.x-k8s.io';

describe('the permissions of the operator', () => {
  /** What the Roles of endpoint pickers (R4.13, B4.28) and routing sidecars (R3.68) and system:auth-delegator (R4.14) contain. */
  const handedOn = [
    { group: '', resources: ['pods'], verbs: read },
    { group: V1, resources: ['inferencepools', 'inferenceobjectives', 'inferencemodels'], verbs: read },
    { group: ALPHA, resources: ['inferencepools', 'inferenceobjectives', 'inferencemodels'], verbs: read },
    { group: ALPHA, resources: ['inferencemodelrewrites', 'inferencepoolimports'], verbs: read },
    { group: 'llm-d.ai', resources: ['inferenceobjectives', 'inferencemodelrewrites'], verbs: read },
    { group: 'discovery.k8s.io', resources: ['endpointslices'], verbs: read },
    { group: 'coordination.k8s.io', resources: ['leases'], verbs: [...read, 'create', 'update', 'patch', 'delete'] },
    { group: '', resources: ['events'], verbs: ['create', 'patch'] },
    { group: 'authentication.k8s.io', resources: ['tokenreviews'], verbs: ['create'] },
    { group: 'authorization.k8s.io', resources: ['subjectaccessreviews'], verbs: ['create'] },
  ];
  for (const { group, resources, verbs } of handedOn) {
    for (const resource of resources) {
      it(`include ${verbs.join(', ')} on ${resource}${group && `.${group}`}, because it grants them to others (R4.15)`, () => {
        expect(verbsOn(group, resource)).to.include.members(verbs);
      });
    }
  }

  const children = [
    ['apps', 'deployments'],
    ['leaderworkerset.x-k8s.io', 'leaderworkersets'],
    ['', 'services'],
    ['', 'secrets'],
    ['', 'serviceaccounts'],
    ['gateway.networking.k8s.io', 'httproutes'],
    [V1, 'inferencepools'],
    [ALPHA, 'inferencepools'],
    ['rbac.authorization.k8s.io', 'roles'],
    ['rbac.authorization.k8s.io', 'rolebindings'],
    ['rbac.authorization.k8s.io', 'clusterrolebindings'],
    ['autoscaling', 'horizontalpodautoscalers'],
    ['keda.sh', 'scaledobjects'],
    ['resource.k8s.io', 'resourceclaimtemplates'],
  ] as const;
  for (const [group, resource] of children) {
    it(`let it manage ${resource}${group && `.${group}`} (R3.20)`, () => {
      expect(verbsOn(group, resource)).to.have.members([...read, 'create', 'update', 'patch', 'delete']);
    });
  }

  it('let it remove ReplicaSets that a Deployment left behind, and nothing more about them (B3.1)', () => {
    expect(verbsOn('apps', 'replicasets')).to.have.members(['list', 'delete']);
  });

  it('let it create services in dry runs and delete none', () => {
    expect(verbsOn('serving.kserve.io', 'llminferenceservices')).to.have.members([...read, 'create', 'update', 'patch']);
    expect(verbsOn('serving.kserve.io', 'llminferenceserviceconfigs')).to.have.members([...read, 'update', 'patch']);
  });

  it('end where its work ends: gateways are read, ingresses and claims are none of its business (B40)', () => {
    expect(verbsOn('gateway.networking.k8s.io', 'gateways')).to.have.members(read);
    expect(verbsOn('gateway.networking.k8s.io', 'gatewayclasses')).to.have.members(read);
    expect(verbsOn('networking.k8s.io', 'ingresses')).to.deep.equal([]);
    expect(verbsOn('resource.k8s.io', 'resourceclaims')).to.deep.equal([]);
    expect(verbsOn('authentication.k8s.io', 'subjectaccessreviews')).to.deep.equal([]);
  });

  it('contain no wildcard, no escalation and no impersonation', () => {
    for (const rule of manager.rules) {
      const words = [...(rule.apiGroups ?? []), ...(rule.resources ?? []), ...rule.verbs];
      expect(words).to.not.include.oneOf(['*', 'escalate', 'bind', 'impersonate']);
    }
  });

  it('write to the CRDs of its own two kinds only', () => {
    const writes = manager.rules.filter((rule) => rule.apiGroups?.includes('apiextensions.k8s.io') && rule.verbs.includes('patch'));
    const names = ['llminferenceservices.serving.kserve.io', 'llminferenceserviceconfigs.serving.kserve.io'];
    expect(writes.map(({ resources, resourceNames }) => [resources, resourceNames])).to.deep.equal([
      [['customresourcedefinitions/status'], names],
      [['customresourcedefinitions'], names],
    ]);
  });

  it('let it say in its own webhook configurations, and in no others, who issued its certificate', () => {
    const rules = manager.rules.filter((rule) => rule.apiGroups?.includes('admissionregistration.k8s.io'));
    expect(rules.map(({ resources, resourceNames, verbs }) => ({ resources, resourceNames, verbs }))).to.deep.equal([
      { resources: ['mutatingwebhookconfigurations'], resourceNames: ['llminferenceservice.serving.kserve.io'], verbs: [...read, 'patch'] },
      {
        resources: ['validatingwebhookconfigurations'],
        resourceNames: ['llminferenceservice.serving.kserve.io', 'llminferenceserviceconfig.serving.kserve.io'],
        verbs: [...read, 'patch'],
      },
    ]);
    expect(targets.map(({ kind, name }) => `${kind.plural}/${name}`)).to.have.members(
      [...rules, ...manager.rules.filter((rule) => rule.resources?.includes('customresourcedefinitions') && rule.resourceNames)].flatMap(
        ({ resources, resourceNames }) => (resourceNames ?? []).map((name) => `${resources?.[0]}/${name}`),
      ),
    );
  });

  it('cover leader election in its own namespace (R1.110)', () => {
    expect(role('llmisvc-leader-election-role').rules).to.deep.equal([
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create', 'get', 'list', 'update'] },
    ]);
  });
});

describe('the permissions of users', () => {
  it('are added to the cluster roles view, edit and admin', () => {
    const aggregated = plainObjects<{ metadata: { name: string; labels?: Record<string, string> } }>('user-roles.yaml').flatMap(({ metadata }) =>
      Object.keys(metadata.labels ?? {}).map((label) => `${metadata.name}: ${label}`),
    );
    expect(aggregated).to.deep.equal([
      'kserve-llmisvc-view: rbac.authorization.k8s.io/aggregate-to-view',
      'kserve-llmisvc-edit: rbac.authorization.k8s.io/aggregate-to-edit',
      'kserve-llmisvc-admin: rbac.authorization.k8s.io/aggregate-to-admin',
    ]);
  });
});
