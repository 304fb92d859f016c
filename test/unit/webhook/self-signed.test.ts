import { expect } from 'chai';
import type { KubeObject } from '../../../api/kubernetes.ts';
import { webhookNames } from '../../../webhook/certificate-mode.ts';
import {
  beginCertificates,
  bundleOf,
  type Chain,
  certificatesIn,
  chainOf,
  covers,
  expiryOf,
  forgetAuthorities,
  renewAuthority,
  renewCertificate,
  standardLifetimes,
  type WebhookCertificates,
} from '../../../webhook/self-signed/certificates.ts';
import { type Circumstances, planStep } from '../../../webhook/self-signed/plan.ts';
import { isOurs, readSecret, secretWith } from '../../../webhook/self-signed/secret.ts';
import { trustPatch } from '../../../webhook/self-signed/trust.ts';

const DAY = 24 * 60 * 60 * 1000;
const YEAR = 365 * DAY;
const START = Date.UTC(2026, 0, 1);
const NAMES = ['llmisvc-webhook-server-service.kserve.svc', '127.0.0.1'];
const lifetimes = standardLifetimes;

describe('a webhook certificate of the operator’s own', () => {
  let first: WebhookCertificates;
  let chain: Chain;
  before(async () => {
    first = await beginCertificates(NAMES, START, lifetimes);
    chain = chainOf(first)!;
  });

  it('is for the webhook Service, in short and in full, and for whatever else leads there', () => {
    expect(webhookNames({ namespace: 'llm', clusterDomain: 'corp.local', further: ['10.0.0.1', 'hooks.example.com'] })).to.deep.equal([
      'llmisvc-webhook-server-service.llm.svc',
      'llmisvc-webhook-server-service.llm.svc.corp.local',
      '10.0.0.1',
      'hooks.example.com',
    ]);
    for (const name of NAMES) expect(covers(chain.certificate, name), name).to.equal(true);
    for (const name of ['kserve.svc', '127.0.0.2']) expect(covers(chain.certificate, name), name).to.equal(false);
  });

  it('lasts a year, its authority ten', () => {
    expect(expiryOf(chain.certificate) - START).to.equal(YEAR);
    expect(expiryOf(chain.authority) - START).to.equal(10 * YEAR);
    expect(chain.authority.ca).to.equal(true);
    expect(chain.certificate.ca).to.equal(false);
  });

  it('survives its Secret', () => {
    const secret = secretWith(first, 'kserve');
    expect(isOurs(secret)).to.equal(true);
    expect(readSecret(secret)).to.deep.equal(first);
    expect(
      secretWith(first, 'kserve', { ...secret, metadata: { ...secret.metadata, resourceVersion: '7', labels: { a: 'b' } } }).metadata,
    ).to.deep.include({
      resourceVersion: '7',
      labels: { a: 'b', 'app.kubernetes.io/managed-by': 'llmisvc-operator' },
    });
  });

  const damages: readonly (readonly [string, (c: WebhookCertificates, other: WebhookCertificates) => WebhookCertificates])[] = [
    ['nothing in it', () => ({ authorities: [], authorityKey: '', certificate: '', key: '' })],
    ['no key', (c) => ({ ...c, key: '' })],
    ['the key of another certificate', (c, other) => ({ ...c, key: other.key })],
    ['the key of another authority', (c, other) => ({ ...c, authorityKey: other.authorityKey })],
    ['a certificate of another authority', (c, other) => ({ ...c, certificate: other.certificate, key: other.key })],
    ['text that is no certificate', (c) => ({ ...c, certificate: 'certificate' })],
  ];
  for (const [text, damage] of damages) {
    it(`is made anew when the Secret has ${text}`, async () => {
      const other = await beginCertificates(NAMES, START, lifetimes);
      expect(chainOf(damage(first, other))).to.equal(undefined);
    });
  }

  it('is told from that of the authority before it', async () => {
    const renewed = await renewAuthority(first, START + YEAR, lifetimes);
    expect(certificatesIn(bundleOf(renewed))).to.have.length(2);
    const between = chainOf(renewed)!;
    expect(between.issuer).to.not.equal(between.authority);
    const after = chainOf(await renewCertificate(renewed, NAMES, START + YEAR, lifetimes))!;
    expect(after.issuer).to.equal(after.authority);
  });

  describe('what comes next', () => {
    const step = (now: number, more: Partial<Circumstances> = {}, of: Chain | undefined = chain) =>
      planStep(of, { now, names: NAMES, authorities: 1, trustedSince: START, lifetimes, ...more });

    it('is the beginning when there is nothing', () => {
      expect(planStep(undefined, { now: START, names: NAMES, authorities: 0, trustedSince: undefined, lifetimes })).to.deep.equal({ do: 'begin' });
    });
    it('is to wait until two thirds of its life are over', () => {
      expect(step(START)).to.deep.equal({ do: 'wait', until: START + (2 / 3) * YEAR });
    });
    it('is another certificate then', () => expect(step(START + 0.67 * YEAR)).to.deep.equal({ do: 'renew certificate' }));
    it('is another certificate when a name is missing', () =>
      expect(step(START, { names: [...NAMES, 'a.b'] })).to.deep.equal({ do: 'renew certificate' }));
    it('is no other certificate when it has more names than are needed', () => expect(step(START, { names: NAMES.slice(1) }).do).to.equal('wait'));
    it('is another authority after two thirds of ten years', () => expect(step(START + 6.7 * YEAR)).to.deep.equal({ do: 'renew authority' }));
    it('is the beginning when the authority has expired', () => expect(step(START + 10 * YEAR)).to.deep.equal({ do: 'begin' }));

    describe('with a new authority', () => {
      const now = START + YEAR / 2;
      let between: Chain;
      let after: Chain;
      before(async () => {
        const renewed = await renewAuthority(first, now, lifetimes);
        between = chainOf(renewed)!;
        after = chainOf(await renewCertificate(renewed, NAMES, now, lifetimes))!;
      });
      const two = (at: number, trustedSince: number | undefined, of = between) => step(at, { authorities: 2, trustedSince }, of);

      it('is to wait while a configuration does not trust it', () => expect(two(now, undefined).do).to.equal('wait'));
      it('is to wait until API servers have heard of it', () => {
        expect(two(now + 1000, now)).to.deep.equal({ do: 'wait', until: now + lifetimes.settleMs });
      });
      it('is a certificate of it then', () => expect(two(now + lifetimes.settleMs, now)).to.deep.equal({ do: 'renew certificate' }));
      it('is a certificate of it, trusted or not, when the old one is about to expire', () => {
        expect(two(START + YEAR - 1000, undefined)).to.deep.equal({ do: 'renew certificate' });
      });
      it('is to keep trusting the old one while replicas may still serve a certificate of it', () => {
        expect(two(now + 1000, now, after)).to.deep.equal({ do: 'wait', until: now + lifetimes.overlapMs });
      });
      it('is to forget the old one after that', () => {
        expect(two(now + lifetimes.overlapMs, now, after)).to.deep.equal({ do: 'forget authorities' });
      });
    });

    it('never is a certificate that was not trusted in time, through forty years', async function () {
      this.timeout(20_000);
      let certificates = first;
      let now = START;
      /** Since when which bundle has been in force; API servers hear of it two days late. */
      let trust = { bundle: bundleOf(first), since: START };
      const steps: string[] = [];
      while (now < START + 40 * YEAR) {
        const next = planStep(chainOf(certificates), {
          now,
          names: NAMES,
          authorities: certificates.authorities.length,
          trustedSince: now >= trust.since ? trust.since : undefined,
          lifetimes,
        });
        if (next.do === 'wait') now = Math.max(now + DAY, Math.min(next.until, now + 30 * DAY));
        else steps.push(next.do);
        if (next.do === 'renew authority') certificates = await renewAuthority(certificates, now, lifetimes);
        if (next.do === 'renew certificate') certificates = await renewCertificate(certificates, NAMES, now, lifetimes);
        if (next.do === 'forget authorities') certificates = forgetAuthorities(certificates);
        if (bundleOf(certificates) !== trust.bundle) trust = { bundle: bundleOf(certificates), since: now + 2 * DAY };
        const { issuer, certificate } = chainOf(certificates)!;
        expect(next.do, new Date(now).toISOString()).to.not.equal('begin');
        expect(now, 'not expired').to.be.lessThan(Math.min(expiryOf(certificate), expiryOf(issuer)));
        if (next.do === 'renew certificate') expect(now - trust.since, 'trusted').to.be.at.least(0);
      }
      expect(steps.filter((s) => s === 'renew authority')).to.have.length(5);
      expect(steps.filter((s) => s === 'forget authorities')).to.have.length(5);
    });
  });
});

describe('the patch that tells the API server whom to trust', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const configuration = (...bundles: (string | undefined)[]): KubeObject & { webhooks: { clientConfig: object }[] } => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'a', resourceVersion: '7' },
    webhooks: bundles.map((caBundle, i) => ({
      name: `hook-${i}`,
      clientConfig: { url: 'https://a/b', ...(caBundle === undefined ? {} : { caBundle }) },
      sideEffects: 'None',
    })),
  });
  const definition = (conversion: unknown): KubeObject => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'a', resourceVersion: '7' },
    spec: { conversion },
  });

  it('changes nothing else of a webhook, and only the version that was seen', () => {
    const before = configuration(undefined, base64('old'));
    expect(trustPatch(before, 'new')).to.deep.equal({
      metadata: { resourceVersion: '7' },
      webhooks: configuration(base64('new'), base64('new')).webhooks,
    });
  });

  it('is not there when all webhooks trust the bundle', () =>
    expect(trustPatch(configuration(base64('new'), base64('new')), 'new')).to.equal(undefined));

  it('changes the conversion of a CRD', () => {
    const service = { name: 's', namespace: 'n' };
    expect(trustPatch(definition({ strategy: 'Webhook', webhook: { clientConfig: { service } } }), 'new')).to.deep.equal({
      metadata: { resourceVersion: '7' },
      spec: { conversion: { webhook: { clientConfig: { caBundle: base64('new') } } } },
    });
  });

  it('is not there for a CRD that trusts the bundle, or is not converted by a webhook', () => {
    expect(trustPatch(definition({ strategy: 'Webhook', webhook: { clientConfig: { caBundle: base64('new') } } }), 'new')).to.equal(undefined);
    expect(trustPatch(definition({ strategy: 'None' }), 'new')).to.equal(undefined);
    expect(trustPatch(definition(undefined), 'new')).to.equal(undefined);
  });
});
