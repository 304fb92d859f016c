import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { KubeObject } from '../../../api/kubernetes.ts';
import { admissionWebhooks } from '../../../api/webhooks.ts';
import { agrees } from '../../../cli/install.ts';
import { installation } from '../../../cli/installation.ts';
import { packagePath } from '../../../cli/package-files.ts';

const viaUrl = installation({ via: 'url', url: 'https://operator.example:9443/', caBundle: 'Q0E=' });
const viaService = installation({ via: 'service' });

interface ClientConfig {
  url?: string;
  caBundle?: string;
  service?: { name: string; namespace: string; path: string; port: number };
}
const conversionOf = ({ spec }: KubeObject): { strategy: string; webhook: { clientConfig: ClientConfig } } =>
  (spec as { conversion: { strategy: string; webhook: { clientConfig: ClientConfig } } }).conversion;
const callsOf = (objects: readonly KubeObject[]): ClientConfig[] =>
  objects.flatMap(({ webhooks }) => (webhooks as { clientConfig: ClientConfig }[]).map(({ clientConfig }) => clientConfig));

describe('an installation', () => {
  for (const [i, plural] of ['llminferenceservices', 'llminferenceserviceconfigs'].entries()) {
    it(`has the CRD of crds/ for ${plural}, and a conversion`, function () {
      this.timeout(60_000);
      const file = parse(readFileSync(packagePath(`crds/serving.kserve.io_${plural}.yaml`), 'utf8'), { maxAliasCount: -1 }) as KubeObject;
      const crd = viaUrl.definitions[i]!;
      const { conversion, ...spec } = crd.spec as Record<string, unknown>;
      expect(conversion).to.include({ strategy: 'Webhook' });
      expect(JSON.parse(JSON.stringify(spec))).to.deep.equal(file.spec);
      expect(crd.metadata.name).to.equal(file.metadata.name);
    });
  }

  it('calls webhooks at the URL, with its CA, and asks nobody to inject another one', () => {
    for (const crd of viaUrl.definitions) {
      expect(conversionOf(crd).webhook.clientConfig).to.deep.equal({ url: 'https://operator.example:9443/convert', caBundle: 'Q0E=' });
    }
    const calls = callsOf(viaUrl.webhooks);
    expect(calls.map(({ url }) => url)).to.have.members(admissionWebhooks.map(({ path }) => `https://operator.example:9443${path}`));
    for (const call of calls) expect(call).to.have.all.keys('url', 'caBundle');
    expect(JSON.stringify([viaUrl.definitions.map(({ metadata }) => metadata), viaUrl.webhooks])).to.not.contain('cert-manager');
  });

  it('calls the Service otherwise, and leaves the CA to cert-manager', () => {
    const service = { name: 'llmisvc-webhook-server-service', namespace: 'kserve', port: 443 };
    for (const crd of viaService.definitions) {
      expect(conversionOf(crd).webhook.clientConfig).to.deep.equal({ service: { ...service, path: '/convert' } });
      expect(crd.metadata.annotations).to.deep.equal({ 'cert-manager.io/inject-ca-from': 'kserve/llmisvc-serving-cert' });
    }
    for (const call of callsOf(viaService.webhooks)) expect(call.service).to.include(service);
    for (const { metadata } of viaService.webhooks) expect(metadata.annotations).to.have.property('cert-manager.io/inject-ca-from');
  });

  it('begins with the namespace, and puts the presets into it', () => {
    expect(viaUrl.base[0]).to.deep.include({ kind: 'Namespace', metadata: { name: 'kserve' } });
    expect(viaUrl.presets.map(({ metadata }) => metadata.namespace)).to.deep.equal(viaUrl.presets.map(() => 'kserve'));
    expect(viaUrl.presets).to.have.lengthOf(11);
  });
});

describe('agreement of an object with a merge patch', () => {
  const live = { a: 1, b: { c: [{ d: 1, e: 2 }], f: 'x' } };
  const cases: [string, unknown, boolean][] = [
    ['what is there', { b: { f: 'x' } }, true],
    ['another value', { b: { f: 'y' } }, false],
    ['something new', { b: { g: 1 } }, false],
    ['null for what is absent', { b: { g: null } }, true],
    ['null for what is there', { b: { f: null } }, false],
    ['list entries with more fields', { b: { c: [{ d: 1 }] } }, true],
    ['a longer list', { b: { c: [{ d: 1 }, {}] } }, false],
    ['a field left undefined', { b: { g: undefined } }, true],
  ];
  for (const [title, patch, expected] of cases) {
    it(`${expected ? 'holds' : 'does not hold'} for ${title}`, () => expect(agrees(live, patch)).to.equal(expected));
  }
});
