import { expect } from 'chai';
import { serveWebhooks, type TestServer } from '../../support/webhook-client.ts';

const HUB = 'serving.kserve.io/v1alpha2';
const SPOKE = 'serving.kserve.io/v1alpha1';
const object = (apiVersion: string, name: string, spec: object = {}, kind = 'LLMInferenceService') => ({
  apiVersion,
  kind,
  metadata: { name },
  spec,
});
const ask = (request: unknown, apiVersion = 'apiextensions.k8s.io/v1') => ({ apiVersion, kind: 'ConversionReview', request });

describe('conversion reviews (R1.81)', () => {
  let server: TestServer;
  before(async () => {
    server = await serveWebhooks();
  });
  after(() => server.stop());
  const convert = async (objects: unknown, desiredAPIVersion: unknown = SPOKE) =>
    (await server.post('/convert', ask({ uid: 'u-1', desiredAPIVersion, objects }))).json;

  it('answers with the objects in order, the uid, and no request', async () => {
    const answer = await convert([object(HUB, 'a'), object(HUB, 'b'), object(HUB, 'c', {}, 'LLMInferenceServiceConfig')]);
    expect(answer).to.deep.equal({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'ConversionReview',
      response: {
        uid: 'u-1',
        convertedObjects: [object(SPOKE, 'a'), object(SPOKE, 'b'), object(SPOKE, 'c', {}, 'LLMInferenceServiceConfig')],
        result: { metadata: {}, status: 'Success' },
      },
    });
  });

  it('echoes the version of the review', async () => {
    const { json } = await server.post('/convert', ask({ uid: 'u', desiredAPIVersion: SPOKE, objects: [] }, 'apiextensions.k8s.io/v1beta1'));
    expect(json).to.include({ apiVersion: 'apiextensions.k8s.io/v1beta1', kind: 'ConversionReview' });
    expect(json.response).to.deep.equal({ uid: 'u', convertedObjects: [], result: { metadata: {}, status: 'Success' } });
  });

  it('takes a review without objects for one of none', async () => {
    expect((await convert(null)).response.result?.status).to.equal('Success');
  });

  it('converts in both directions, criticalities included', async () => {
    const spoke = object(SPOKE, 'a', { model: { uri: 'hf://a/b', criticality: 'Critical' } });
    const hub = (await convert([spoke], HUB)).response.convertedObjects ?? [];
    expect(hub[0]?.metadata.annotations).to.deep.equal({ 'internal.serving.kserve.io/model-criticality': 'Critical' });
    expect((await convert(hub)).response.convertedObjects).to.deep.equal([spoke]);
  });

  const failures: [string, unknown, unknown, string][] = [
    ['a kind that is not ours', [object(HUB, 'a'), object(HUB, 'b', {}, 'InferenceService')], SPOKE, 'InferenceService'],
    ['a version that is not ours', [object('serving.kserve.io/v1', 'a')], SPOKE, 'serving.kserve.io/v1"'],
    ['a target that is not ours', [object(HUB, 'a')], 'serving.kserve.io/v2', 'serving.kserve.io/v2'],
    ['no target', [object(HUB, 'a')], null, 'to ""'],
    ['the version it has already', [object(HUB, 'a')], HUB, 'already'],
    ['no object', [null], SPOKE, 'internal error occurred during conversion'],
    ['no list', 7, SPOKE, 'internal error occurred during conversion'],
    ['a text', ['text'], SPOKE, 'no conversion'],
  ];
  for (const [what, objects, desired, message] of failures) {
    it(`fails as a whole for ${what}`, async () => {
      const { uid, convertedObjects, result } = (await convert(objects, desired)).response;
      expect({ uid, convertedObjects, status: result?.status }).to.deep.equal({ uid: 'u-1', convertedObjects: [], status: 'Failure' });
      expect(result?.message).to.contain(message);
    });
  }

  for (const body of [
    '',
    '{',
    'null',
    '[]',
    '7',
    '{"apiVersion":"apiextensions.k8s.io/v1","kind":"ConversionReview"}',
    '{"request":null}',
    '{"request":[]}',
  ]) {
    it(`answers ${JSON.stringify(body)} with HTTP status 400`, async () => {
      expect((await server.post('/convert', body)).status).to.equal(400);
    });
  }

  it('converts lists of more than an admission review may hold', async () => {
    const objects = Array.from({ length: 400 }, (_, i) =>
      object(HUB, `s-${i}`, { model: { uri: 'hf://a/b' }, annotations: { text: 'x'.repeat(25_000) } }),
    );
    const { response } = await convert(objects);
    expect(response.convertedObjects).to.have.lengthOf(objects.length);
  });
});
