import type { TestStack } from '../studio/test-stack.ts'

/** Parts of a studio that the checks read. */
export type CheckedStudio = Pick<
  TestStack,
  'running' | 'services' | 'sql' | 'client' | 'store' | 'busAdmin' | 'fake' | 'logLines'
> & { readonly proxies: Pick<TestStack['proxies'], 'provider'> }
