import { readUnverifiedObject } from '../../testing/s3/object-body.ts'
import { createS3Handler } from '../../testing/s3/s3-handler.ts'
import { serveStore } from '../../testing/s3/serve.ts'

/**
 * An object store in a process of its own that writes its address as a line. It responds 80 ms after the last byte of a request,
 * stores objects in memory, and deletes them all on `POST /forget`.
 */

const RESPONSE_DELAY_MS = 80

let store = createStore()

serveStore(request => {
  if (new URL(request.url).pathname !== '/forget') return store(request)
  store = createStore()
  return new Response()
})

function createStore() {
  return createS3Handler({ buckets: ['bench'], delayMs: RESPONSE_DELAY_MS, readObject: readUnverifiedObject })
}
