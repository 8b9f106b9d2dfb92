// Behaviours that a provider of the kit does not have yet, by behaviour and provider, with what is known of it. Each shows as ✗ in docs/providers.md.
export const faults: Readonly<Record<string, Readonly<Record<string, string>>>> = {}
