import { subject } from '../../fixtures/fastify/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
