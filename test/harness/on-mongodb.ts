import { afterAll } from 'vitest';
import { anyMongo, serversUse } from './mongo.ts';

// Set-up of the test project `slow-mongodb`: the contract tests again, with the users in MongoDB.
const mongo = await anyMongo();
serversUse(mongo);
afterAll(() => mongo.remove());
