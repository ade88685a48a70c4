// The part of the Trusted Types API that is used; TypeScript's DOM library has none of it yet.
interface TrustedTypePolicy {
  createScriptURL(input: string): TrustedScriptURL;
}
interface TrustedScriptURL {
  toString(): string;
}
interface Window {
  readonly trustedTypes?: {
    createPolicy(name: string, rules: { createScriptURL(input: string): string }): TrustedTypePolicy;
  };
}
