package website

import "github.com/profilesync/profilesync/reconcile/push"

// Check says which fields of a delivery the sink would not take.
func (s *Sink) Check(push.Delivery) ([]push.LeftOut, error) { return nil, nil }
