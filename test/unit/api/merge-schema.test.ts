import { expect } from 'chai';
import { type MergeNode, specMergeSchema } from '../../../api/schema/merge-schema.ts';

/** The node at a path; `[]` steps into the items of a list. */
function at(path: string): MergeNode {
  return path.split('.').reduce<MergeNode>((node, step) => {
    const next = step === '[]' ? node.kind === 'list' && node.items : node.kind === 'object' && node.fields[step];
    if (!next) throw new Error(`no ${step} in ${path}`);
    return next;
  }, specMergeSchema);
}

const nullable = (path: string): boolean | undefined => {
  const node = at(path);
  return node.kind === 'scalar' ? node.nullable : undefined;
};

const CONTAINER = 'template.containers.[]';

describe('the merge schema', () => {
  describe('knows the scalars whose zero value counts as set (R2.32)', () => {
    const expected: Record<string, string> = {
      '': 'replicas',
      model: 'name',
      'model.confidential': 'resourceId',
      'model.lora': 'maxRank maxAdapters maxCpuAdapters',
      storageInitializer: 'enabled',
      parallelism: 'tensor pipeline data dataLocal dataRPCPort',
      rolloutStrategy: 'maxUnavailable maxSurge',
      scaling: 'minReplicas',
      'scaling.keda': 'pollingInterval cooldownPeriod initialCooldownPeriod idleReplicaCount',
      'scaling.wva.keda': 'pollingInterval cooldownPeriod initialCooldownPeriod idleReplicaCount',
      'router.route': 'group weight',
      'router.scheduler': 'replicas',
      'router.scheduler.config.ref': 'optional',
      tracing: 'exporterEndpoint sampler samplerArg exporter',
      template:
        'terminationGracePeriodSeconds activeDeadlineSeconds automountServiceAccountToken shareProcessNamespace priority runtimeClassName enableServiceLinks preemptionPolicy setHostnameAsFQDN hostUsers hostnameOverride',
      'prefill.template.securityContext':
        'runAsUser runAsGroup runAsNonRoot fsGroup fsGroupChangePolicy supplementalGroupsPolicy seLinuxChangePolicy',
      [`${CONTAINER}.securityContext`]: 'privileged runAsUser runAsGroup runAsNonRoot readOnlyRootFilesystem allowPrivilegeEscalation procMount',
      [`${CONTAINER}.securityContext.seccompProfile`]: 'localhostProfile',
      [`${CONTAINER}.securityContext.appArmorProfile`]: 'localhostProfile',
      [`${CONTAINER}.securityContext.windowsOptions`]: 'gmsaCredentialSpecName gmsaCredentialSpec runAsUserName hostProcess',
      [CONTAINER]: 'restartPolicy',
      [`${CONTAINER}.lifecycle`]: 'stopSignal',
      [`${CONTAINER}.livenessProbe`]: 'terminationGracePeriodSeconds',
      [`${CONTAINER}.livenessProbe.grpc`]: 'service',
      [`${CONTAINER}.volumeMounts.[]`]: 'recursiveReadOnly mountPropagation',
      [`${CONTAINER}.env.[].valueFrom.secretKeyRef`]: 'optional',
      'template.volumes.[].configMap': 'optional defaultMode',
      'template.volumes.[].configMap.items.[]': 'mode',
      'template.volumes.[].secret': 'optional defaultMode',
      'template.volumes.[].projected': 'defaultMode',
      'template.volumes.[].downwardAPI': 'defaultMode',
      'template.volumes.[].hostPath': 'type',
      'template.volumes.[].ephemeral.volumeClaimTemplate.spec': 'storageClassName volumeMode',
      'kvCacheOffloading.secondary.[].fileSystem.pvc.spec': 'storageClassName volumeMode',
      'template.resourceClaims.[]': 'resourceClaimName resourceClaimTemplateName',
      'template.tolerations.[]': 'tolerationSeconds',
      'template.topologySpreadConstraints.[]': 'minDomains nodeAffinityPolicy nodeTaintsPolicy',
      'router.route.http.spec.rules.[].backendRefs.[]': 'group weight port',
    };
    for (const [path, fields] of Object.entries(expected)) {
      it(`in ${path || 'the spec'}`, () => {
        for (const field of fields.split(' ')) expect(nullable(path === '' ? field : `${path}.${field}`), field).to.equal(true);
      });
    }
  });

  describe('knows the scalars whose zero value counts as not set (R2.32)', () => {
    const expected: Record<string, string> = {
      model: 'uri',
      parallelism: 'expert',
      kvCacheOffloading: 'evictionPolicy',
      'scaling.wva': 'variantCost',
      template: 'hostNetwork hostPID hostIPC serviceAccountName nodeName restartPolicy dnsPolicy schedulerName priorityClassName',
      [CONTAINER]: 'image workingDir imagePullPolicy terminationMessagePath terminationMessagePolicy stdin tty',
      [`${CONTAINER}.env.[]`]: 'value',
      [`${CONTAINER}.startupProbe`]: 'initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold',
      [`${CONTAINER}.volumeMounts.[]`]: 'readOnly subPath',
    };
    for (const [path, fields] of Object.entries(expected)) {
      it(`in ${path}`, () => {
        for (const field of fields.split(' ')) expect(nullable(`${path}.${field}`), field).to.equal(false);
      });
    }
  });

  describe('knows the lists that merge by a key (R2.36)', () => {
    const keys: Record<string, string> = {
      containers: 'name',
      initContainers: 'name',
      ephemeralContainers: 'name',
      'containers.[].env': 'name',
      'initContainers.[].ports': 'containerPort',
      'containers.[].volumeMounts': 'mountPath',
      'containers.[].volumeDevices': 'devicePath',
      volumes: 'name',
      imagePullSecrets: 'name',
      resourceClaims: 'name',
      hostAliases: 'ip',
      topologySpreadConstraints: 'topologyKey',
      schedulingGates: 'name',
    };
    for (const template of ['template', 'worker', 'prefill.template', 'prefill.worker', 'router.scheduler.template']) {
      it(`in ${template}`, () => {
        for (const [list, key] of Object.entries(keys)) expect(at(`${template}.${list}`), list).to.include({ kind: 'list', key });
      });
    }
  });

  for (const path of [
    'baseRefs',
    'model.lora.adapters',
    'router.gateway.refs',
    'router.ingress.refs',
    'router.route.http.refs',
    'router.route.http.spec.parentRefs',
    'router.route.http.spec.hostnames',
    'router.route.http.spec.rules',
    'router.scheduler.pool.spec.targetPorts',
    'kvCacheOffloading.secondary',
    'scaling.keda.triggers',
    'scaling.wva.hpa.behavior.scaleUp.policies',
    'template.tolerations',
    'template.readinessGates',
    'template.dnsConfig.searches',
    'template.securityContext.supplementalGroups',
    'template.securityContext.sysctls',
    `${CONTAINER}.command`,
    `${CONTAINER}.args`,
    `${CONTAINER}.envFrom`,
    `${CONTAINER}.resources.claims`,
    `${CONTAINER}.securityContext.capabilities.add`,
    'template.volumes.[].projected.sources',
    'template.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution',
  ]) {
    it(`replaces ${path} as a whole`, () => expect(at(path)).to.include({ kind: 'list' }).and.not.have.property('key'));
  }

  it('knows string maps and quantity maps (R2.34)', () => {
    for (const path of ['labels', 'annotations', 'template.nodeSelector', 'router.scheduler.pool.spec.selector.matchLabels']) {
      expect(at(path), path).to.deep.equal({ kind: 'map', values: 'string' });
    }
    for (const path of ['template.overhead', `${CONTAINER}.resources.requests`, `${CONTAINER}.resources.limits`]) {
      expect(at(path), path).to.deep.equal({ kind: 'map', values: 'quantity' });
    }
  });

  it('knows required fields, which no layer drops (R2.38)', () => {
    const required: Record<string, string> = {
      kvCacheOffloading: 'cpu',
      scaling: 'maxReplicas',
      'scaling.keda': 'triggers',
      'model.confidential': 'enabled',
      [`${CONTAINER}.livenessProbe.httpGet`]: 'port',
      [`${CONTAINER}.livenessProbe.tcpSocket`]: 'port',
      [`${CONTAINER}.livenessProbe.grpc`]: 'port',
      [`${CONTAINER}.env.[].valueFrom.configMapKeyRef`]: 'key',
      [CONTAINER]: 'name',
      'template.volumes.[]': 'name',
      [`${CONTAINER}.env.[]`]: 'name',
    };
    for (const [path, field] of Object.entries(required)) {
      const node = at(path);
      expect(node.kind === 'object' && node.required, path).to.include(field);
    }
    expect(specMergeSchema).to.have.deep.property('required', ['model']);
    expect(at('model')).to.have.deep.property('required', []);
  });

  it('leaves the inline scheduler configuration alone (R2.32a)', () => {
    expect(at('router.scheduler.config.inline')).to.deep.equal({ kind: 'free' });
  });

  it('has models as LoRA adapters, to any depth', () => {
    expect(at('model.lora.adapters.[]')).to.equal(at('model'));
  });
});
