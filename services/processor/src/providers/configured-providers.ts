import { createDemoProvider } from './demo/demo-provider.ts'
import type { Provider } from './provider.ts'

/** Creates the providers that this processor works for. The demo is always among them: it needs no key and no network. */
export function createConfiguredProviders(): Provider[] {
  return [createDemoProvider()]
}
