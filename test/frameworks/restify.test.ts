import { subject } from '../../fixtures/restify/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
