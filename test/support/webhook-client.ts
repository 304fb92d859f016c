import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as send } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultOptions } from '../../api/options.ts';
import { type CertificateAuthority, createAuthority, type KeyAndCertificate } from '../../control-plane/certificates.ts';
import type { Log } from '../../controllers/runtime/log.ts';
import { createHandlers } from '../../webhook/handlers.ts';
import { startWebhookServer, type WebhookServer, type WebhookServerOptions } from '../../webhook/server.ts';
import type { AdmissionSources } from '../../webhook/sources.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Of an AdmissionReview or ConversionReview. */
  readonly json: Review;
}

export interface Review {
  readonly apiVersion: string;
  readonly kind: string;
  readonly response: {
    readonly uid: string;
    readonly allowed?: boolean;
    readonly warnings?: string[];
    readonly patch?: string;
    readonly patchType?: string;
    readonly status?: {
      code: number;
      reason?: string;
      message: string;
      status: string;
      details?: { causes?: { field: string; reason: string; message: string }[] };
    };
    readonly convertedObjects?: { apiVersion: string; metadata: { name: string; annotations?: Record<string, string> }; spec?: unknown }[];
    readonly result?: { status: string; message?: string };
  };
}

export interface TestServer {
  readonly server: WebhookServer;
  readonly url: string;
  /** Certificate that verifies the server's, as PEM. */
  readonly authority: CertificateAuthority;
  readonly directory: string;
  /** Messages of the log, oldest first. */
  readonly messages: string[];
  post(path: string, body: string | object, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** May be called more than once. */
  stop(): Promise<void>;
}

/** The ConfigMap with what its checks demand, and more. */
export const settingsWith = (data: Readonly<Record<string, string>> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'inferenceservice-config', namespace: 'kserve' },
  data: {
    storageInitializer: JSON.stringify({ image: 'i', cpuRequest: '1', cpuLimit: '1', memoryRequest: '1Gi', memoryLimit: '1Gi' }),
    ...data,
  },
});

export const sourcesWith = (sources: Partial<AdmissionSources> = {}): AdmissionSources => ({
  options: defaultOptions,
  settings: async () => settingsWith(),
  localModelCaches: async () => [],
  ...sources,
});

export function writePair(directory: string, { certificate, key }: KeyAndCertificate): void {
  writeFileSync(join(directory, 'tls.crt'), certificate);
  writeFileSync(join(directory, 'tls.key'), key);
}

export const issueLoopback = (authority: CertificateAuthority, name = 'webhooks'): Promise<KeyAndCertificate> =>
  authority.issueServer(name, { dns: ['localhost'], ip: ['127.0.0.1'] });

/** A log that keeps its messages. */
export function memoryLog(messages: string[]): Log {
  const add = (...args: unknown[]): void => void messages.push(String(args.at(-1)));
  const log: Log = { debug: add, info: add, warn: add, error: add, child: () => log };
  return log;
}

/** The real handlers, or others, behind real HTTPS on loopback. */
export async function serveWebhooks(options: Partial<WebhookServerOptions> & { sources?: Partial<AdmissionSources> } = {}): Promise<TestServer> {
  const authority = await createAuthority('webhook tests');
  const directory = mkdtempSync(join(tmpdir(), 'webhooks-'));
  writePair(directory, await issueLoopback(authority));
  const messages: string[] = [];
  const { sources, ...rest } = options;
  const server = await startWebhookServer({
    host: '127.0.0.1',
    port: 0,
    certificateDirectory: directory,
    handlers: createHandlers(sourcesWith(sources)),
    log: memoryLog(messages),
    ...rest,
  });
  const agent = new Agent({ keepAlive: true, ca: authority.certificate, maxSockets: 50 });
  const url = `https://127.0.0.1:${server.port}`;
  const stop = async (): Promise<void> => {
    await server.stop();
    agent.destroy();
    rmSync(directory, { recursive: true });
  };
  let stopping: Promise<void> | undefined;
  return {
    server,
    url,
    authority,
    directory,
    messages,
    post: (path, body, headers) => post(`${url}${path}`, body, agent, headers),
    stop: () => (stopping ??= stop()),
  };
}

function post(url: string, body: string | object, agent: Agent, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': bytes.length, ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({
            status: response.statusCode ?? 0,
            text,
            get json() {
              return JSON.parse(text) as Review;
            },
          });
        });
      },
    );
    request.on('error', reject);
    request.end(bytes);
  });
}

type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
interface Subject {
  readonly object?: unknown;
  readonly oldObject?: unknown;
  readonly name?: string;
  readonly namespace?: string;
}

/** An AdmissionReview as the API server sends it. */
export function review(operation: Operation | string, subject: Subject, apiVersion = 'admission.k8s.io/v1'): object {
  const { object = null, oldObject = null, name = nameOf(object ?? oldObject), namespace = 'ns' } = subject;
  return {
    apiVersion,
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      operation,
      name,
      namespace,
      userInfo: { username: 'user' },
      object,
      oldObject,
      dryRun: false,
    },
  };
}

const nameOf = (object: unknown): string => (object as { metadata?: { name?: string } } | null)?.metadata?.name ?? '';
