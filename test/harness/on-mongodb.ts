import { afterAll } from 'vitest';
import { anyMongo, serversUse } from './mongo.ts';

// The set-up of the test project `mongodb`: the tests of the contract once more, with the users in MongoDB.
const mongo = await anyMongo();
serversUse(mongo);
afterAll(() => mongo.remove());
