import { expect } from 'chai';
import { readClusterDomain, readOptions } from '../../../cli/environment.ts';
import { withFiles } from './manifest-text.ts';

const given = { systemNamespace: 'kserve' };

describe('the environment of the operator (R1.93)', () => {
  it('has a default for everything', () => {
    const { clusterDomain: _, ...options } = readOptions({}, given);
    expect(options).to.deep.equal({
      systemNamespace: 'kserve',
      presetPrefix: 'kserve-',
      pinPresets: true,
      protectPresets: true,
      wildcardHostname: 'inference',
      readyNeedsScaling: true,
      keptAutoscalerKeys: [],
    });
  });

  it('counts a variable that is empty as set', () => {
    const options = readOptions(
      { LLM_INFERENCE_SERVICE_CONFIG_PREFIX: '', GATEWAY_API_WILDCARD_HOSTNAME: '', PREVENT_WELL_KNOWN_CONFIG_DELETION: '' },
      given,
    );
    expect(options).to.include({ presetPrefix: '', wildcardHostname: '', protectPresets: false });
  });

  it('reads lists between commas, and whether autoscalers decide readiness', () => {
    const environment = { LLMISVC_KEPT_AUTOSCALER_KEYS: 'argocd.argoproj.io/, ,kustomize.toolkit.fluxcd.io/', LLMISVC_READY_NEEDS_SCALING: 'false' };
    expect(readOptions(environment, given)).to.deep.include({
      keptAutoscalerKeys: ['argocd.argoproj.io/', 'kustomize.toolkit.fluxcd.io/'],
      readyNeedsScaling: false,
    });
  });

  for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True']) {
    it(`takes ${text} for true`, () => expect(readOptions({ LLM_INFERENCE_SERVICE_VERSIONED_CONFIG: text }, given).pinPresets).to.equal(true));
  }
  for (const text of ['0', 'f', 'F', 'FALSE', 'false', 'False', '', 'yes', 'tRUE', ' true']) {
    it(`takes "${text}" for false`, () => expect(readOptions({ LLM_INFERENCE_SERVICE_VERSIONED_CONFIG: text }, given).pinPresets).to.equal(false));
  }
});

describe('the domain of the cluster (R5 §5.1)', () => {
  const read = (resolver: string, environment: NodeJS.ProcessEnv = {}): string =>
    withFiles({ resolver }, (directory) => readClusterDomain(environment, `${directory}/resolver`));

  const cases: [string, string, string][] = [
    ['the first svc entry of the search list', 'nameserver 10.0.0.1\nsearch models.svc.corp.example svc.corp.example corp.example\n', 'corp.example'],
    ['without its trailing dot', 'search svc.corp.example.\n', 'corp.example'],
    ['tabs between the entries', '\tsearch\ta\tsvc.tabs.example\n', 'tabs.example'],
    ['the default without such an entry', 'search example.com\n', 'cluster.local'],
    ['the default for comments', '# search svc.corp.example\n', 'cluster.local'],
    ['the default for an empty file', '', 'cluster.local'],
  ];
  for (const [title, resolver, expected] of cases) it(`is ${title}`, () => expect(read(resolver)).to.equal(expected));

  it('is that of the variable when it says something', () => {
    expect(read('search svc.corp.example', { CLUSTER_DOMAIN: 'given.example' })).to.equal('given.example');
    expect(read('search svc.corp.example', { CLUSTER_DOMAIN: '' })).to.equal('corp.example');
  });

  it('is the default where the resolver file cannot be opened, whatever the variable says', () => {
    expect(readClusterDomain({ CLUSTER_DOMAIN: 'given.example' }, '/nowhere/resolv.conf')).to.equal('cluster.local');
  });
});
