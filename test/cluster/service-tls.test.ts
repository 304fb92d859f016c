import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { Deployment, Service } from '../../api/kubernetes.ts';
import { suffixes } from '../../api/names.ts';
import { eventually } from '../support/eventually.ts';
import { service } from '../support/manifests.ts';
import { withSettings } from '../support/settings.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { clear, type Expectation, given, isReady, type Place } from '../support/story.ts';

describe('TLS of the installation', () => {
  let place: Place;

  before(async () => {
    await sharedOperator();
    place = await openPlace('tls');
  });
  afterEach(() => clear(place));

  const during = (enableLLMInferenceServiceTLS: boolean, run: () => Promise<void>) =>
    withSettings(place.admin, 'ingress', { enableLLMInferenceServiceTLS }, run);
  const probeOf = (deployment: unknown) => (deployment as Deployment).spec?.template.spec?.containers?.[0]?.livenessProbe?.httpGet?.scheme;
  const servesBy =
    (scheme: 'http' | 'https'): Expectation =>
    async (actor) => {
      const { spec } = (await actor.child(kinds.coreService, suffixes.workloadService)) as unknown as Service;
      expect(spec?.ports?.map(({ name, appProtocol, port }) => [name, appProtocol, port])).to.deep.equal([[scheme, scheme, 8000]]);
      expect(probeOf(await actor.child(kinds.deployment, suffixes.main))).to.equal(scheme.toUpperCase());
      const addresses = (await actor.stored()).status?.addresses ?? [];
      expect(addresses.map(({ url }) => url)).to.deep.equal([`${scheme}://qwen-kserve-workload-svc.${actor.namespace}.svc.cluster.local`]);
    };

  it('switches port, probes and address of a running service, which keeps its certificate (R3.85, R3.121, R3.280)', async () => {
    await during(true, async () => {
      const qwen = await given(place, service('qwen').without('router'));
      await qwen.reaches(isReady, servesBy('https'));
      const certificate = () => qwen.child(kinds.secret, suffixes.certificate);
      const before = await certificate();
      await during(false, () => qwen.reaches(isReady, servesBy('http')));
      await qwen.reaches(isReady, servesBy('https'));
      expect((await certificate()).metadata.resourceVersion).to.equal(before.metadata.resourceVersion);
    });
  });

  it('counts for the first Deployment of a service that is created right after the switch (R3.17a)', async () => {
    for (const [enabled, scheme] of [
      [true, 'HTTPS'],
      [false, 'HTTP'],
    ] as const) {
      await during(enabled, async () => {
        const actor = await given(place, service(scheme.toLowerCase()).without('router'));
        expect(probeOf(await eventually(() => actor.child(kinds.deployment, suffixes.main)))).to.equal(scheme);
      });
    }
  });
});
