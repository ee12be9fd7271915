import { join } from 'node:path'
import type { Paths } from '../src/http/openapi/describe-routes.ts'
import { createDocument } from '../src/http/openapi/document.ts'

/** The description of the API, beside the schemas that it is made of. */
export const OPENAPI_FILE = 'contracts/openapi.json'

const SERVICES = ['ingest', 'query']

/** A description that is not valid OpenAPI. */
export class InvalidDescriptionError extends Error {
  override readonly name = 'InvalidDescriptionError'
}

/**
 * Describes the API of all services, from the routes that each of them prints.
 *
 * @param root of the clone
 * @throws InvalidDescriptionError
 */
export async function formatOpenApi(root: string): Promise<string> {
  const paths = await Promise.all(SERVICES.map(service => readPaths(join(root, 'services', service))))
  const document = createDocument(Object.assign({}, ...paths))
  await validateOpenApi(document)
  return `${JSON.stringify(document, null, 2)}\n`
}

async function readPaths(service: string): Promise<Paths> {
  const command = [process.execPath, join(service, 'src', 'openapi', 'print-paths.ts')]
  const child = Bun.spawn(command, { cwd: service, stdout: 'pipe', stderr: 'inherit' })
  const text = await new Response(child.stdout).text()
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')} ended with code ${child.exitCode}`)
  return JSON.parse(text)
}

/** Checks a description. @throws InvalidDescriptionError */
export async function validateOpenApi(document: object): Promise<void> {
  // Loaded only here: its schemas take a while.
  const { Validator } = await import('@seriousme/openapi-schema-validator')
  const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)))
  if (!valid) throw new InvalidDescriptionError(`The API is not described as OpenAPI has it: ${JSON.stringify(errors)}`)
}
