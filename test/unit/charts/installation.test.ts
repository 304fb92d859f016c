import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { ConfigMap, Deployment, Service } from '../../../api/kubernetes.ts';
import { packagePath } from '../../../cli/package-files.ts';
import { runCommand, withGoSpelling } from '../../../cli/run-command.ts';
import { plainObjects, valuesOf } from './plain-objects.ts';

const [deployment] = plainObjects<Deployment>('deployment.yaml') as [Deployment];
const pod = deployment.spec!.template.spec!;
const manager = pod.containers[0]!;
const services = plainObjects<Service>('services.yaml');
const [configMap] = plainObjects<ConfigMap>('configmap.yaml') as [ConfigMap];

/** Default values of the chart, as far as they are compared here. */
interface Values {
  kserve: {
    version: string;
    llmisvc: { controller: Record<string, unknown> & { livenessProbe: object; readinessProbe: object } };
    controller: { gateway: { urlScheme: string; ingressGateway: Record<string, unknown>; localGateway: Record<string, unknown> } };
    storage: Record<string, unknown> & { resources: Record<'requests' | 'limits', { cpu: string; memory: string }> };
    localmodel: object;
  };
}
const { kserve } = valuesOf('kserve-llmisvc-resources') as unknown as Values;
const { controller } = kserve.llmisvc;

describe('the Deployment of the operator (R1.111)', () => {
  it('runs one unprivileged container that answers webhooks, metrics and probes', () => {
    expect(manager.name).to.equal('manager');
    expect(Object.fromEntries(manager.ports!.map((port) => [port.name, port.containerPort]))).to.deep.equal({
      'webhook-server': 9443,
      metrics: 8443,
      health: 8081,
    });
    expect(manager.livenessProbe).to.deep.include({ httpGet: { path: '/healthz', port: 8081 }, initialDelaySeconds: 30, failureThreshold: 5 });
    expect(manager.readinessProbe).to.deep.include({ httpGet: { path: '/readyz', port: 8081 }, periodSeconds: 5 });
    expect(manager.securityContext).to.deep.include({ runAsUser: 1000, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
  });

  it('is started under the name and with the flags that the reference has', () => {
    expect(manager.command).to.deep.equal(['/manager']);
    let leaderElect: unknown;
    const command = runCommand('manager').action((options) => {
      leaderElect = options.leaderElect;
    });
    command.parse(withGoSpelling(manager.args!), { from: 'user' });
    expect(leaderElect).to.equal(true);
    const image = readFileSync(packagePath('Dockerfile'), 'utf8');
    const [, started] = /ln -s \/app\/dist\/(\S+)\.js \/manager/.exec(image)!;
    expect(existsSync(packagePath(`${started}.ts`))).to.equal(true);
  });

  it('knows its namespace from its pod', () => {
    expect(manager.env).to.deep.include({ name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } });
  });

  it('finds the webhook certificate where the operator looks for it', () => {
    expect(pod.volumes).to.deep.include({ name: 'cert', secret: { secretName: 'llmisvc-webhook-server-cert', defaultMode: 420 } });
    expect(manager.volumeMounts).to.deep.include({ name: 'cert', mountPath: '/tmp/k8s-webhook-server/serving-certs', readOnly: true });
  });

  it('is what the Services select', () => {
    const labels = deployment.spec!.template.metadata!.labels!;
    expect(labels).to.include(deployment.spec!.selector.matchLabels!);
    for (const service of services) expect(labels).to.include(service.spec!.selector!);
  });
});

describe('the Services of the operator (R1.112)', () => {
  it('lead to the named ports of the Deployment', () => {
    const ports = Object.fromEntries(services.map(({ metadata, spec }) => [metadata!.name, [spec!.ports![0]!.port, spec!.ports![0]!.targetPort]]));
    expect(ports).to.deep.equal({
      'llmisvc-webhook-server-service': [443, 'webhook-server'],
      'llmisvc-controller-manager-service': [8443, 'metrics'],
    });
  });

  it('are those that the webhooks and the certificate name', () => {
    const configurations = plainObjects<{ webhooks: { clientConfig: { service: { name: string } } }[] }>('webhooks.yaml');
    const called = new Set(configurations.flatMap(({ webhooks }) => webhooks.map(({ clientConfig }) => clientConfig.service.name)));
    expect([...called]).to.deep.equal(['llmisvc-webhook-server-service']);
    const certificate = plainObjects<{ kind: string; spec: { dnsNames: string[]; secretName: string } }>('certificate.yaml')[1]!;
    expect(certificate.spec.dnsNames[0]).to.equal('llmisvc-webhook-server-service.kserve.svc');
    expect(certificate.spec.secretName).to.equal('llmisvc-webhook-server-cert');
  });
});

describe('the settings (R1.113, R1.115)', () => {
  const documents = Object.fromEntries(Object.entries(configMap.data!).map(([key, text]) => [key, JSON.parse(text)]));

  it('are JSON documents under the keys that a plain installation needs', () => {
    expect(Object.keys(documents)).to.deep.equal(['ingress', 'storageInitializer', 'credentials', 'localModel']);
    expect(documents.ingress).to.not.have.any.keys('enableLLMInferenceServiceTLS', 'modelBasedRoutingMode', 'modelBasedRoutingHeaderName');
  });

  it('are what the chart renders from its default values', () => {
    const { ingressGateway, localGateway, urlScheme } = kserve.controller.gateway;
    expect(documents.ingress).to.deep.equal({
      enableGatewayApi: ingressGateway.enableGatewayApi,
      kserveIngressGateway: ingressGateway.kserveGateway,
      ingressGateway: ingressGateway.gateway,
      localGateway: localGateway.gateway,
      localGatewayService: localGateway.gatewayService,
      urlScheme,
    });
    const { resources, image, s3, gcsCredentialFileName, ...storage } = kserve.storage;
    expect(documents.storageInitializer).to.deep.include({
      image: `${image}:${kserve.version}`,
      cpuRequest: resources.requests.cpu,
      cpuLimit: resources.limits.cpu,
      memoryRequest: resources.requests.memory,
      memoryLimit: resources.limits.memory,
      cpuModelcar: storage.cpuModelcar,
      memoryModelcar: storage.memoryModelcar,
      uidModelcar: storage.uidModelcar,
      enableModelcar: storage.enableModelcar,
    });
    expect(documents.credentials).to.deep.equal({
      storageSpecSecretName: storage.storageSpecSecretName,
      storageSecretNameAnnotation: storage.storageSecretNameAnnotation,
      gcs: { gcsCredentialFileName },
      s3,
    });
    expect(documents.localModel).to.deep.equal(kserve.localmodel);
  });
});

describe('the default values of the chart', () => {
  for (const field of ['resources', 'imagePullPolicy'] as const) {
    it(`have the ${field} of the plain Deployment`, () => expect(controller[field]).to.deep.equal(manager[field]));
  }

  it('have its security contexts, strategy and probes', () => {
    expect(controller.containerSecurityContext).to.deep.equal(manager.securityContext);
    expect(controller.securityContext).to.deep.equal(pod.securityContext);
    expect(controller.strategy).to.deep.equal(deployment.spec!.strategy);
    expect(controller.livenessProbe).to.deep.equal({ enabled: true, ...manager.livenessProbe });
    expect(controller.readinessProbe).to.deep.equal({ enabled: true, ...manager.readinessProbe });
  });
});

describe('the chart of the minimal CRDs (R1.16)', () => {
  const chart = (name: string, file = ''): string => realpathSync(packagePath(`charts/${name}/${file}`));
  const [full, minimal] = ['kserve-llmisvc-crd', 'kserve-llmisvc-crd-minimal'];

  it('is the chart of the CRDs with other CRDs', () => {
    const files = readdirSync(chart(full));
    expect(readdirSync(chart(minimal))).to.have.members(files);
    const own = files.filter((file) => chart(minimal, file) !== chart(full, file));
    expect(own).to.have.members(['Chart.yaml', 'files']);
    const { name, description: _, ...rest } = parse(readFileSync(chart(minimal, 'Chart.yaml'), 'utf8'));
    expect(name).to.equal(minimal);
    expect(parse(readFileSync(chart(full, 'Chart.yaml'), 'utf8'))).to.deep.include(rest);
    expect(chart(minimal, 'files/crds')).to.equal(packagePath('crds/minimal'));
    expect(chart(full, 'files/crds')).to.equal(packagePath('crds'));
  });
});
