// What a service does with the official client, told as one line of JSON.
// Arguments: address of the service, API key, template id, another key.
const { NotifyClient } = require('notifications-node-client')

const [address, key, template, otherKey] = process.argv.slice(2)

// outcome is the status and the body of an answer, good or not.
async function outcome (request) {
  try {
    const { status, data } = await request
    return { status, data }
  } catch (error) {
    if (!error.response) throw error
    return { status: error.response.status, data: error.response.data }
  }
}

async function main () {
  const client = new NotifyClient(address, key)
  const personalisation = { name: 'Amala, now [click this evil link](https://evil.link)', organisations: ['FA123 Pharmacy', 'A12345 Surgery'] }
  const seen = {}
  for (const n of [1, 2, 3]) {
    seen.sent = await outcome(client.sendEmail(template, 'amala@example.com', {
      personalisation, reference: 'node/' + n, sanitiseContentFor: ['name']
    }))
  }
  seen.dead = await outcome(client.sendEmail(template, 'perm-fail@simulator.notify', { personalisation }))
  seen.one = await outcome(client.getNotificationById(seen.sent.data.id))
  seen.all = await outcome(client.getNotifications('email'))
  seen.byReference = await outcome(client.getNotifications('email', null, 'node/2'))
  seen.byStatus = await outcome(client.getNotifications('email', 'delivered'))
  seen.older = await outcome(client.getNotifications('email', null, null, seen.sent.data.id))
  seen.nobody = await outcome(client.sendEmail(template, 'nobody', { personalisation }))
  seen.missing = await outcome(client.sendEmail(template, 'amala@example.com', { personalisation: { name: 'Amala' } }))
  seen.noTemplate = await outcome(client.sendEmail('00000000-0000-4000-8000-000000000000', 'amala@example.com', { personalisation }))
  seen.absent = await outcome(client.getNotificationById('00000000-0000-4000-8000-000000000000'))
  seen.otherKey = await outcome(new NotifyClient(address, otherKey).sendEmail(template, 'amala@example.com', { personalisation }))
  console.log(JSON.stringify(seen))
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
