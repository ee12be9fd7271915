import { createS3Handler } from './s3-handler.ts'
import { serveStore } from './serve.ts'

/** The strict S3 server as a script: `bun strict-server.ts <access key> <secret>` writes its address as a line. */
const [accessKeyId = '', secretAccessKey = ''] = process.argv.slice(2)
serveStore(createS3Handler({ credentials: { accessKeyId, secretAccessKey } }))
