package main
type pushCommand struct{}
func (pushCommand) Run() error {return nil}
type demoCommand struct{}
func (demoCommand) Run() error {return nil}
