/**
 * The webhook server as a process of its own, for bench/admission.ts: the real handlers over the real server, with the presets as what
 * the caches know. Expects the directory of its certificate as argument; tells its port, and what it has used whenever it is asked.
 */
import { defaultOptions } from '../api/options.ts';
import { offlineCluster } from '../cli/offline-cluster.ts';
import { packagePath } from '../cli/package-files.ts';
import { createLog } from '../controllers/runtime/log.ts';
import { allow } from '../webhook/admission-review.ts';
import { createHandlers } from '../webhook/handlers.ts';
import { startWebhookServer } from '../webhook/server.ts';

const [certificateDirectory = ''] = process.argv.slice(2);
const storageInitializer = JSON.stringify({ image: 'i', cpuRequest: '100m', cpuLimit: '1', memoryRequest: '100Mi', memoryLimit: '1Gi' });
const ingress = JSON.stringify({ ingressGateway: 'x', kserveIngressGateway: 'kserve/gateway', enableLLMInferenceServiceTLS: true });
const settings = { data: { ingress, storageInitializer } };

// As a cache does: the same object every time.
const cluster = offlineCluster([], { presets: packagePath('presets') });
const known = new Map<string, ReturnType<typeof cluster.respond>>();
const respond: typeof cluster.respond = (question) => {
  const key = question.ask === 'get' ? `${question.kind.kind} ${question.namespace}/${question.name}` : undefined;
  if (key === undefined) return cluster.respond(question);
  if (!known.has(key)) known.set(key, cluster.respond(question));
  return known.get(key);
};

const handlers = createHandlers({
  options: defaultOptions,
  settings: async () => settings,
  localModelCaches: async () => [],
  knowledge: () => respond,
  servicesUsing: () => [],
});
// What TLS, HTTP and the JSON of a review cost alone.
handlers.set('/nothing', () => allow);

const server = await startWebhookServer({
  host: '127.0.0.1',
  port: 0,
  certificateDirectory,
  handlers,
  log: createLog({ level: 'error' }),
});
process.on('message', (question) => {
  if (question === 'memory') globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  process.send?.({ rssMiB: process.memoryUsage().rss / 2 ** 20, cpuMs: (user + system) / 1000 });
});
process.on('disconnect', () => process.exit());
process.send?.({ port: server.port });
