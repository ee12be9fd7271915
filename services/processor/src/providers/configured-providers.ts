import { createDemoProvider } from './demo/demo-provider.ts'
import type { Provider } from './provider.ts'

/** Returns the providers that this processor works for. The demo is always there: it needs no key and no network. */
export function createConfiguredProviders(): Provider[] {
  return [createDemoProvider()]
}
