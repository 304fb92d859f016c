import type { IngressSettings } from './settings.ts';
import { InvalidSettings, textReader } from './settings-section.ts';
import { parseTemplate } from './template/parser.ts';

const DNS_LABEL = /^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/**
 * The `ingress` section (R2.3, R1.101); undefined when the key is absent. Besides what is used here it checks what the section
 * shares with other kinds of the platform, because those checks fail the whole load there too.
 */
export function parseIngress(section: Readonly<Record<string, unknown>> | undefined, systemNamespace: string): IngressSettings {
  const text = textReader('ingress', section ?? {});
  if (section !== undefined) checkShared(text, section.enableGatewayApi === true);
  return {
    ...parseGateway(text('kserveIngressGateway'), systemNamespace),
    urlScheme: text('urlScheme') || 'http',
    enableTLS: section?.enableLLMInferenceServiceTLS === true,
    modelBasedRoutingHeaderName: text('modelBasedRoutingHeaderName') || 'X-Gateway-Model-Name',
    modelBasedRoutingMode: parseMode(text('modelBasedRoutingMode')),
    disableRouteTimeouts: section?.disableHTTPRouteTimeout === true,
  };
}

function parseGateway(gateway: string, systemNamespace: string): Pick<IngressSettings, 'gatewayNamespace' | 'gatewayName'> {
  const [namespace = '', name = '', ...more] = gateway.split('/');
  const qualified = gateway.includes('/') && more.length === 0;
  return qualified ? { gatewayNamespace: namespace, gatewayName: name } : { gatewayNamespace: systemNamespace, gatewayName: gateway };
}

function parseMode(mode: string): IngressSettings['modelBasedRoutingMode'] {
  const word = mode.toLowerCase();
  return word === 'forced' || word === 'disabled' ? word : 'enabled';
}

function checkShared(text: (field: string) => string, gatewayApi: boolean): void {
  if (gatewayApi) checkGateway(text('kserveIngressGateway'));
  if (text('ingressGateway') === '') throw new InvalidSettings('invalid ingress config - ingressGateway is required');
  const pathTemplate = text('pathTemplate');
  if (pathTemplate === '') return;
  const template = parseTemplate(pathTemplate);
  if ('problem' in template) throw new InvalidSettings(`invalid ingress config, unable to parse pathTemplate: ${template.problem}`);
  if (text('ingressDomain') === '') throw new InvalidSettings('invalid ingress config - ingressDomain is required if pathTemplate is given');
}

function checkGateway(gateway: string): void {
  const invalid = (detail: string): never => {
    throw new InvalidSettings(`invalid ingress config - ${detail}`);
  };
  if (gateway === '') invalid('kserveIngressGateway is required');
  const parts = gateway.split('/');
  if (parts.length !== 2) invalid('kserveIngressGateway should be in the format <namespace>/<name>');
  if (!DNS_LABEL.test(parts[0] ?? '')) invalid('kserveIngressGateway gateway namespace is invalid');
  if (!DNS_LABEL.test(parts[1] ?? '')) invalid('kserveIngressGateway gateway name is invalid');
}
