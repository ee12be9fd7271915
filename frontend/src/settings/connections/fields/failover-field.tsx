import type { Connection } from '@darkroom/contracts/connection'
import type { Model } from '@darkroom/contracts/model'
import { formatProviderName } from '../../../ui/format.ts'
import type { ConnectionForm } from '../connection-form.ts'
import { SelectField } from './text-field.tsx'

interface FailoverFieldProps {
  connection: Connection
  models: readonly Model[]
  form: ConnectionForm
  setForm: (change: Partial<ConnectionForm>) => void
}

/** The rule for what waits for a connection: it waits, or is made by a model of another connection. */
export function FailoverField(props: FailoverFieldProps) {
  const options = () => {
    const { connection, models, form } = props
    const others = models.filter(model => model.connection !== connection.id)
    // One that is not offered at the moment stays chosen.
    const gone =
      others.some(({ id }) => id === form.failoverModel) || form.failoverModel === '' ? [] : [form.failoverModel]
    return [
      ['', 'it waits'] as const,
      ...others.map(model => [model.id, `${model.name} · ${formatProviderName(model)}`] as const),
      ...gone.map(id => [id, id] as const),
    ]
  }
  return (
    <>
      <SelectField
        label="While it is down"
        value={props.form.failoverModel}
        options={options()}
        onChange={failoverModel => props.setForm({ failoverModel })}
      />
      <p class="field-note">
        What has waited for a minute, because it is down or lacks a key or credit, is made by this model instead. It may
        cost more, and what the provider may have taken is never made twice.
      </p>
    </>
  )
}
