import { testConcurrency } from './concurrency-conformance.ts'
import { testFailedPut } from './failed-put-conformance.ts'
import { testGetAndRemove } from './get-conformance.ts'
import type { Limitation } from './limitations.ts'
import { testInvalidKeys, testList } from './list-conformance.ts'
import { testMemory } from './memory-conformance.ts'
import { testPut } from './put-conformance.ts'
import type { OpenStore } from './test-store.ts'

/**
 * Tests the contract of `Store`, whatever stores its objects.
 *
 * @param open opens an empty store for each test
 * @param limitations requirements that are not tested
 */
export function testStoreConformance(name: string, open: OpenStore, limitations: readonly Limitation[] = []): void {
  testPut(name, open)
  testGetAndRemove(name, open, limitations)
  testList(name, open, limitations)
  testInvalidKeys(name, open)
  testFailedPut(name, open)
  if (!limitations.includes('writes in one step')) testConcurrency(name, open)
  testMemory(name, open)
}
