import { type FieldError, invalid, required } from '../field-error.ts';
import type { GatewayRef, ParentReference, RouterSpec, RouteSpec } from '../types.ts';

const ROUTE = 'spec.router.route';
const HTTP = `${ROUTE}.http`;
const GATEWAY_REFS = 'spec.router.gateway.refs';

type Reference = Pick<GatewayRef | ParentReference, 'namespace' | 'name' | 'sectionName'>;
const referenceKey = (ref: Reference): string => `${ref.namespace ?? ''}/${ref.name ?? ''}/${ref.sectionName ?? ''}`;

/**
 * Whether parentRefs and gateway refs name the same gateways (R1.64): equal as multisets of namespace, name and section. A
 * reference without namespace is not the same as one with the service's namespace.
 */
export function sameGateways(parentRefs: readonly Reference[], gatewayRefs: readonly Reference[]): boolean {
  const [a, b] = [parentRefs, gatewayRefs].map((refs) => refs.map(referenceKey).sort().join('\n'));
  return parentRefs.length === gatewayRefs.length && a === b;
}

/**
 * Checks that route and gateway go together (V1 - V3, W1).
 *
 * @param version v1alpha1 refuses parentRefs beside gateway refs even when they agree, and never warns (R1.62, V3')
 */
export function validateRouter(router: RouterSpec | undefined, version: 'v1alpha1' | 'v1alpha2'): { errors: FieldError[]; warnings: string[] } {
  const http = router?.route?.http;
  const errors: FieldError[] = [];
  const warnings: string[] = [];
  if (!http) return { errors, warnings };
  const gatewayRefs = router?.gateway?.refs ?? [];
  const parentRefs = http.spec?.parentRefs ?? [];
  if (http.refs?.length && http.spec) {
    errors.push(
      invalid(
        HTTP,
        { refs: http.refs },
        `unsupported configuration: cannot use both custom HTTPRoute refs ('${HTTP}.refs') and an inline route spec ('${HTTP}.spec'); choose one`,
      ),
    );
  }
  if (http.refs?.length && router?.gateway && gatewayRefs.length === 0) {
    errors.push(
      invalid(
        `${HTTP}.refs`,
        http.refs,
        `unsupported configuration: custom HTTP routes ('${HTTP}.refs') cannot be used with a managed gateway ('spec.router.gateway'); either remove '${HTTP}.refs' or set '${GATEWAY_REFS}'`,
      ),
    );
  }
  if (parentRefs.length > 0 && gatewayRefs.length > 0) {
    if (version === 'v1alpha1') {
      errors.push(
        invalid(
          `${HTTP}.spec`,
          { parentRefs },
          `unsupported configuration: managed HTTP route spec ('${HTTP}.spec') cannot be used with custom gateway refs ('${GATEWAY_REFS}'); either remove '${GATEWAY_REFS}' or '${HTTP}.spec.parentRefs'`,
        ),
      );
    } else if (!sameGateways(parentRefs, gatewayRefs)) {
      errors.push(
        invalid(
          `${HTTP}.spec`,
          { parentRefs },
          `unsupported configuration: managed HTTP route spec ('${HTTP}.spec') has parentRefs that conflict with custom gateway refs ('${GATEWAY_REFS}'); either remove '${GATEWAY_REFS}' or '${HTTP}.spec.parentRefs'${missingNamespaceHint(parentRefs, gatewayRefs)}`,
        ),
      );
    } else {
      warnings.push(`${HTTP}.spec.parentRefs can be omitted when ${GATEWAY_REFS} is set; parentRefs will be derived automatically from gateway refs`);
    }
  }
  return { errors, warnings };
}

/** References that would agree if they all stated their namespace are the common mistake; say so (B16). */
function missingNamespaceHint(parentRefs: readonly Reference[], gatewayRefs: readonly Reference[]): string {
  const without = (refs: readonly Reference[]): Reference[] => refs.map(({ namespace: _, ...rest }) => rest);
  if (!sameGateways(without(parentRefs), without(gatewayRefs))) return '';
  const lacking = parentRefs.find((ref) => !ref.namespace);
  return lacking ? ` (parentRef ${JSON.stringify(lacking.name)} does not state its namespace)` : '';
}

/** Checks routing group and weight (V4 - V7, both versions). */
export function validateTraffic(router: RouterSpec | undefined): FieldError[] {
  const route: RouteSpec | undefined = router?.route;
  if (!route || (route.group === undefined && route.weight === undefined)) return [];
  if (router?.ingress) {
    return [
      invalid(
        `${ROUTE}.group`,
        route.group ?? '',
        'traffic splitting requires Gateway API routing; the controller manages HTTPRoutes, not Ingress resources',
      ),
    ];
  }
  if (route.group === undefined) return [required(`${ROUTE}.group`, 'weight requires group')];
  if (route.weight === undefined) return [required(`${ROUTE}.weight`, 'group requires weight')];
  if (route.http?.refs?.length) {
    return [
      invalid(
        `${ROUTE}.group`,
        route.group,
        'traffic splitting cannot be used with custom HTTPRoute refs; controller-managed routes (route.http.spec or route.http: {}) are required',
      ),
    ];
  }
  return [];
}
