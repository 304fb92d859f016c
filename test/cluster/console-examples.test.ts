import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { kinds } from '../../api/kinds.ts';
import { openWebhookSite, type Stored, type WebhookSite } from '../support/webhook-site.ts';

/** The services and configs that chapter 08 §17 shows as clients send them, by the name of their example. */
function consoleExamples(): [string, Stored][] {
  const chapter = readFileSync(new URL('../../docs/spec/08-consoles.md', import.meta.url), 'utf8');
  const examples = [...chapter.matchAll(/^### (E\d+) - (.*)\n\n```yaml\n([\s\S]*?)\n```/gm)];
  return examples.flatMap(([, number, title, yaml = '']) =>
    parseAllDocuments(yaml).flatMap((document): [string, Stored][] => {
      const object = document.toJS() as Stored;
      return [kinds.service.kind, kinds.config.kind].includes(object.kind) ? [[`${number}, ${title}: ${object.kind}`, object]] : [];
    }),
  );
}

describe('what consoles and GitOps clients write (C1 of chapter 08)', function () {
  this.timeout(60_000);
  let site: WebhookSite;
  before(async () => {
    site = await openWebhookSite('console');
  });
  after(() => site?.close());

  const examples = consoleExamples();

  it('is all that the chapter shows', () => {
    expect(examples.map(([what]) => what.split(',')[0])).to.deep.equal(['E1', 'E3', 'E3', 'E4', 'E4', 'E5', 'E9', 'E10']);
  });

  for (const [what, example] of examples) {
    it(`is accepted and stored as it was sent (R8.22): ${what}`, async () => {
      const { status: _, ...rest } = example as Stored & { status?: unknown };
      const sent: Stored = { ...rest, metadata: { ...example.metadata, namespace: site.namespace } };
      const kind = { ...(sent.kind === kinds.service.kind ? kinds.service : kinds.config), apiVersion: sent.apiVersion };
      const tried = await site.client.create(sent, { kind, dryRun: true });
      expect(tried.spec).to.deep.equal(sent.spec);
      expect(await site.client.get(kind, site.namespace, sent.metadata.name ?? '')).to.equal(undefined);

      const stored = await site.create({ ...sent, ...('status' in example ? { status: example.status } : {}) } as Stored);
      expect(stored.spec).to.deep.equal(sent.spec);
      expect(stored).to.not.have.property('status');
      const group = (sent.spec.router as { route?: { group?: string } } | undefined)?.route?.group;
      expect(stored.metadata.labels?.['serving.kserve.io/routing-group']).to.equal(group);
    });
  }
});
