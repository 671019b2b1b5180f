console.log('peekapi')
