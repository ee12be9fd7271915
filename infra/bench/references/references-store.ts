import { hashObject } from '../../testing/s3/object-body.ts'
import { createS3Handler } from '../../testing/s3/s3-handler.ts'
import { serveStore } from '../../testing/s3/serve.ts'
import { BUCKET, S3_SETTINGS, STORE_DELAY_MS } from '../kit/image-files.ts'

/**
 * An object store on `QUERY_PORT`. It verifies the signature of every PUT, hashes and discards the object, and responds with its
 * MD5 80 ms after the last byte. Every other request succeeds at once.
 */
const putObject = createS3Handler({
  credentials: S3_SETTINGS,
  buckets: [BUCKET],
  delayMs: STORE_DELAY_MS,
  readObject: hashObject,
})

serveStore(request => (request.method === 'PUT' ? putObject(request) : new Response()), Number(process.env.QUERY_PORT))
